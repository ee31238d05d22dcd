// Plain words, or a search as Auth0's dashboard writes it; the KQL it became stands in the editor below.
// Deliberately absent: reading the words; the server does.

import { Badge, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { wordsQuery } from '../api/kql';
import { asProblem, type Problem } from '../api/problem';
import type { Words } from '../api/types.gen';
import classes from './WordsBox.module.css';

const FORMS: Record<Words['form'], string> = { kql: 'KQL', lucene: 'Lucene', words: 'words' };

export function WordsBox({ table, onQuery }: { table: string; onQuery: (query: string) => void }) {
  const [text, setText] = useState('');
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<Words | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);

  async function submit(event: FormEvent) {
    event.preventDefault();
    if (text.trim() === '') return;
    setBusy(true);
    setProblem(null);
    try {
      const words = await wordsQuery(text, table);
      setTold(words);
      onQuery(words.query);
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  }
  const notes =
    problem === null
      ? (told?.notes ?? [])
      : [problem.hint === '' ? problem.message : `${problem.message}: ${problem.hint}`];
  return (
    <form onSubmit={(event) => void submit(event)} className={classes.form}>
      <TextInput
        className={classes.input}
        leftSection={<IconSearch size={15} />}
        placeholder="Words, an address, a name, or Lucene:  type:f AND ip:&quot;203.0.113.7&quot;"
        aria-label="search in words or Lucene"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setTold(null);
        }}
        disabled={busy}
        data-search-field
        rightSectionWidth={116}
        rightSection={
          told !== null && (
            <Badge size="sm" variant="light" tt="none">
              {FORMS[told.form]} → KQL
            </Badge>
          )
        }
      />
      {notes.length > 0 && (
        <div className={classes.notes} data-bad={problem !== null || undefined} role="status">
          {notes.join(' · ')}
        </div>
      )}
    </form>
  );
}
