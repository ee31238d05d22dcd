// What happened? A question in KQL, in words, or by clicking; its answer as rows and charts.
// Deliberately absent: state (`useSearch`), the answer's look (`ResultPane`).

import { ActionIcon, Center, Loader, Tooltip } from '@mantine/core';
import { useDocumentTitle, useLocalStorage } from '@mantine/hooks';
import { notifications } from '@mantine/notifications';
import { IconLayoutSidebar } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useMemo, useRef, useState } from 'react';
import { formatQuery } from '../api/kql';
import { asProblem } from '../api/problem';
import { narrowed } from '../kql/filter';
import { firstTable } from '../kql/pipes';
import { newest } from '../kql/questions';
import { parseRange, rangeText } from '../time/range';
import { Histogram } from './Histogram';
import { ResultPane } from './ResultPane';
import { SchemaTree } from './SchemaTree';
import classes from './SearchPage.module.css';
import { Splitter } from './Splitter';
import { Start } from './Start';
import { Toolbar } from './Toolbar';
import { useHistogram } from './useHistogram';
import { usePhase, useSearch } from './useSearch';
import { WordsBox } from './WordsBox';

const loadEditor = () => import('../editor/Editor');
const Editor = lazy(loadEditor);
// The page needs it as soon as it is drawn; should it not come, drawing says so.
loadEditor().catch(() => undefined);

const EDITOR_PX = { least: 64, most: 700, first: 148 };
const TREE_PX = { least: 170, most: 620, first: 256 };

export default function SearchPage() {
  useDocumentTitle('Search – doorledger');
  const search = useSearch();
  const { state, text, go } = search;
  const phase = usePhase();
  const histogram = useHistogram(search.asked);
  const [tree, setTree] = useLocalStorage({
    key: 'doorledger.tree',
    defaultValue: true,
    getInitialValueInEffect: false,
  });
  const [treeWidth, setTreeWidth] = useLocalStorage({
    key: 'doorledger.tree.width',
    defaultValue: TREE_PX.first,
    getInitialValueInEffect: false,
  });
  const [editorHeight, setEditorHeight] = useLocalStorage({
    key: 'doorledger.editor.height',
    defaultValue: EDITOR_PX.first,
    getInitialValueInEffect: false,
  });
  const [errors, setErrors] = useState(0);
  const now = useRef({ text, go });
  now.current = { text, go };

  const format = useCallback(async () => {
    try {
      search.type((await formatQuery(now.current.text)).query.trimEnd());
    } catch (error) {
      notifications.show({ color: 'red', message: asProblem(error).message });
    }
  }, [search.type]);

  const ask = useCallback((table: string) => now.current.go({ query: newest(table) }), []);
  const filter = useCallback((table: string, condition: string) => {
    const { text, go } = now.current;
    const base = text.trim() === '' || (firstTable(text) !== '' && firstTable(text) !== table) ? table : text;
    go({ query: narrowed(base, condition) });
  }, []);

  // Another address need not be another time.
  const time = rangeText(state.range);
  const range = useMemo(() => parseRange(time), [time]);
  const empty = phase === 'idle' && state.query === '';
  return (
    <div className={classes.page}>
      {tree && (
        <>
          <div className={classes.tree} style={{ width: treeWidth }}>
            <SchemaTree range={range} current={firstTable(text)} onTable={ask} onFilter={filter} />
          </div>
          <Splitter
            label="width of the tables"
            vertical
            size={treeWidth}
            onSize={setTreeWidth}
            {...TREE_PX}
          />
        </>
      )}
      <div className={classes.main}>
        <h1 className="visually-hidden">Search</h1>
        <div className={classes.top}>
          <Tooltip label={tree ? 'Hide the tables' : 'Show the tables'}>
            <ActionIcon
              onClick={() => setTree(!tree)}
              aria-label={tree ? 'hide the tables' : 'show the tables'}
              aria-pressed={tree}
            >
              <IconLayoutSidebar size={17} />
            </ActionIcon>
          </Tooltip>
          <WordsBox table={firstTable(text)} onQuery={(query) => go({ query, live: false }, true)} />
        </div>
        <div className={classes.editor} style={{ height: editorHeight }}>
          <Suspense
            fallback={
              <Center h="100%">
                <Loader size="xs" />
              </Center>
            }
          >
            <Editor
              value={text}
              onChange={search.type}
              onRun={search.runText}
              onFormat={() => void format()}
              onCheck={(check) =>
                setErrors(check.diagnostics.filter((one) => one.severity === 'error').length)
              }
              label="query"
            />
          </Suspense>
        </div>
        <Splitter label="height of the editor" size={editorHeight} onSize={setEditorHeight} {...EDITOR_PX} />
        <Toolbar search={search} format={() => void format()} errors={text.trim() === '' ? 0 : errors} />
        {empty ? (
          <div className={classes.result}>
            <Start open={(query, time) => go({ query, range: parseRange(time) }, true)} />
          </div>
        ) : (
          <>
            {histogram.data != null && !state.live && (
              <Histogram
                bars={histogram.data}
                busy={histogram.isFetching}
                onRange={(range) => go({ range })}
              />
            )}
            <div className={classes.result}>
              <ResultPane search={search} />
            </div>
          </>
        )}
      </div>
    </div>
  );
}
