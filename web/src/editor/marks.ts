// Colours and squiggles in the editor, from the server's tokens and diagnostics: asked for a moment after the last key,
// moved along with the text until the next answer.
// Deliberately absent: a grammar of our own; editor and engine must not disagree.

import { setDiagnostics } from '@codemirror/lint';
import { StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, ViewPlugin, type ViewUpdate } from '@codemirror/view';
import { checkQuery } from '../api/kql';
import type { Check } from '../api/types.gen';

/** Between the last key and the question. */
const PAUSE_MS = 90;
/** Queries longer than this are not coloured while typing. */
export const CHECKED_CHARS_MAX = 100_000;

const setTokens = StateEffect.define<DecorationSet>();

const tokenField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    for (const effect of transaction.effects) if (effect.is(setTokens)) return effect.value;
    return marks.map(transaction.changes);
  },
  provide: (field) => EditorView.decorations.from(field),
});

function decorations(check: Check, length: number): DecorationSet {
  const marks = check.tokens
    .filter((token) => token.start < token.end && token.end <= length)
    .sort((a, b) => a.start - b.start)
    .map((token) =>
      Decoration.mark({ class: `kql-${token.kind.replace(/[^a-z_]/g, '')}` }).range(token.start, token.end),
    );
  return Decoration.set(marks, true);
}

/** Watches the text; tells what the server said about it. `judged` is what of the text it is asked about, place for place. */
export function serverMarks(
  told: (check: Check, query: string) => void,
  judged: (query: string) => string = (query) => query,
) {
  const plugin = ViewPlugin.fromClass(
    class {
      private timer: ReturnType<typeof setTimeout> | null = null;
      private abort = new AbortController();

      constructor(private readonly view: EditorView) {
        this.soon(0);
      }

      update(update: ViewUpdate) {
        if (update.docChanged) this.soon(PAUSE_MS);
      }

      destroy() {
        if (this.timer !== null) clearTimeout(this.timer);
        this.abort.abort();
      }

      private soon(pause: number) {
        if (this.timer !== null) clearTimeout(this.timer);
        this.timer = setTimeout(() => void this.ask(), pause);
      }

      private async ask() {
        this.abort.abort();
        this.abort = new AbortController();
        const query = this.view.state.doc.toString();
        if (query.length > CHECKED_CHARS_MAX) return;
        try {
          const check = await checkQuery(judged(query), this.abort.signal);
          // The text has gone on: the next answer is on its way.
          if (this.view.state.doc.toString() !== query) return;
          this.view.dispatch({ effects: setTokens.of(decorations(check, query.length)) });
          this.view.dispatch(setDiagnostics(this.view.state, diagnostics(check, query)));
          told(check, query);
        } catch {
          // The banner tells of a lost connection; the text stays as it is.
        }
      }
    },
  );
  return [tokenField, plugin];
}

function diagnostics(check: Check, query: string) {
  if (query.trim() === '') return [];
  return check.diagnostics.map((found) => {
    const from = Math.min(found.start, query.length);
    const to = Math.min(Math.max(found.end, from), query.length);
    return {
      from: from === to ? Math.max(0, from - 1) : from,
      to,
      severity: found.severity,
      message: found.hint ? `${found.message}\n${found.hint}` : found.message,
      source: found.code,
    };
  });
}
