// The KQL editor: a thin coat over CodeMirror; everything about the language comes from the server.
// Deliberately absent: running the query and keeping it (the page does).

import {
  acceptCompletion,
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  closeCompletion,
  completionKeymap,
  completionStatus,
} from '@codemirror/autocomplete';
import {
  defaultKeymap,
  history,
  historyKeymap,
  indentLess,
  insertTab,
  toggleLineComment,
} from '@codemirror/commands';
import { bracketMatching } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
  placeholder,
} from '@codemirror/view';
import { useEffect, useRef } from 'react';
import type { Check } from '../api/types.gen';
import { complete, hover, signatureHelp } from './complete';
import { look } from './look';
import { serverMarks } from './marks';

/** As in every editor that analysts know, Tab takes what is offered; also in the moment in which a list has just opened. */
function tab(editor: EditorView): boolean {
  return acceptCompletion(editor) || completionStatus(editor.state) === 'active' || insertTab(editor);
}

export interface EditorProps {
  value: string;
  onChange: (value: string) => void;
  /** Runs the whole text, or the part that is marked. */
  onRun: (part: string | null) => void;
  onFormat: () => void;
  onCheck: (check: Check, query: string) => void;
  autoFocus?: boolean;
  /** What of the text the server judges, place for place; all of it unless told otherwise. */
  judged?: (query: string) => string;
  label: string;
}

export default function Editor(props: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const handlers = useRef(props);
  handlers.current = props;

  useEffect(() => {
    const parent = host.current;
    if (parent === null) return;
    const run = (editor: EditorView, selection: boolean) => {
      const { main } = editor.state.selection;
      const part = selection && !main.empty ? editor.state.sliceDoc(main.from, main.to) : null;
      closeCompletion(editor);
      handlers.current.onRun(part);
      return true;
    };
    const editor = new EditorView({
      parent,
      state: EditorState.create({
        doc: handlers.current.value,
        extensions: [
          lineNumbers(),
          highlightActiveLine(),
          highlightActiveLineGutter(),
          history(),
          drawSelection(),
          bracketMatching(),
          closeBrackets(),
          EditorView.lineWrapping,
          placeholder('Auth0Logs_CL | where … (Ctrl+Space shows what fits, Ctrl+Enter runs)'),
          EditorView.contentAttributes.of({ 'aria-label': handlers.current.label, spellcheck: 'false' }),
          autocompletion({ override: [complete], icons: true, activateOnTypingDelay: 60 }),
          hover,
          signatureHelp,
          serverMarks(
            (check, query) => handlers.current.onCheck(check, query),
            (query) => handlers.current.judged?.(query) ?? query,
          ),
          Prec.highest(
            keymap.of([
              { key: 'Mod-Enter', run: (editor) => run(editor, true) },
              { key: 'Shift-Enter', run: (editor) => run(editor, true) },
              {
                key: 'Shift-Alt-f',
                run: () => {
                  handlers.current.onFormat();
                  return true;
                },
              },
            ]),
          ),
          keymap.of([
            { key: 'Mod-/', run: toggleLineComment },
            ...closeBracketsKeymap,
            ...completionKeymap,
            ...lintKeymap,
            ...historyKeymap,
            ...defaultKeymap,
            { key: 'Tab', run: tab, shift: indentLess },
          ]),
          look,
          EditorView.updateListener.of((update) => {
            if (!update.docChanged) return;
            const text = update.state.doc.toString();
            // What the page itself put there is no news to it.
            if (text !== handlers.current.value) handlers.current.onChange(text);
          }),
        ],
      }),
    });
    view.current = editor;
    if (handlers.current.autoFocus) editor.focus();
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, []);

  // A value from outside (a click, a link, history) replaces the text; what was typed can be undone back to.
  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === props.value) return;
    editor.dispatch({
      changes: { from: 0, to: editor.state.doc.length, insert: props.value },
      selection: { anchor: props.value.length },
    });
  }, [props.value]);

  return <div ref={host} style={{ height: '100%', overflow: 'hidden' }} data-testid="editor" />;
}
