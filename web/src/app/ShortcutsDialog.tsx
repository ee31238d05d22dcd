// What the keyboard can do, on one card.
// Deliberately absent: the keys themselves (`usePageKeys`, the editor, the table).

import { Kbd, Text } from '@mantine/core';
import { Dialog } from '../widgets/Dialog';
import { PAGES } from './pages';
import classes from './ShortcutsDialog.module.css';

const GROUPS: { title: string; keys: [string[], string][] }[] = [
  {
    title: 'Everywhere',
    keys: [
      [['Ctrl', 'K'], 'commands, pages, saved things'],
      [['/'], 'to the search field'],
      [['?'], 'this card'],
      ...PAGES.map((page): [string[], string] => [['g', page.key], page.label]),
    ],
  },
  {
    title: 'Query editor',
    keys: [
      [['Ctrl', 'Enter'], 'run, or run the selection'],
      [['Shift', 'Enter'], 'run'],
      [['Ctrl', 'Space'], 'complete'],
      [['Shift', 'Alt', 'F'], 'format'],
      [['Ctrl', '/'], 'comment the line'],
      [['Alt', '↑'], 'move the line'],
      [['Esc', 'Tab'], 'leave the editor'],
    ],
  },
  {
    title: 'Result table',
    keys: [
      [['↑', '↓', '←', '→'], 'move'],
      [['Enter'], 'open or close the row'],
      [['Space'], 'what can be done with the value'],
      [['Home', 'End'], 'first and last column'],
      [['Ctrl', 'Home'], 'first row'],
      [['Ctrl', 'C'], 'copy the value'],
    ],
  },
];

export function ShortcutsDialog({ opened, close }: { opened: boolean; close: () => void }) {
  return (
    <Dialog opened={opened} onClose={close} title="Keyboard" size="lg">
      <div className={classes.groups}>
        {GROUPS.map((group) => (
          <section key={group.title}>
            <Text fw={600} size="sm" mb={6}>
              {group.title}
            </Text>
            <dl className={classes.list}>
              {group.keys.map(([keys, what]) => (
                <div key={what}>
                  <dt>
                    {keys.map((key) => (
                      <Kbd key={key} size="xs">
                        {key}
                      </Kbd>
                    ))}
                  </dt>
                  <dd>{what}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
