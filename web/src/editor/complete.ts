// Completion, with the frequent values of a column, hover and help with arguments: all from the server.
// Deliberately absent: knowing the language; the server's catalog is the engine's.

import type { CompletionContext, CompletionResult, Completion as Item } from '@codemirror/autocomplete';
import { StateEffect, StateField } from '@codemirror/state';
import {
  type EditorView,
  hoverTooltip,
  showTooltip,
  type Tooltip,
  ViewPlugin,
  type ViewUpdate,
} from '@codemirror/view';
import { completeQuery, hoverQuery, signatureQuery } from '../api/kql';
import type { Signature } from '../api/types.gen';

const KIND_ORDER: Record<string, number> = {
  table: 5,
  column: 4,
  operator: 3,
  keyword: 2,
  aggregate: 2,
  function: 1,
};

/** Columns that doorledger itself adds come behind those of the events. */
function boost(kind: string, label: string, at: number): number {
  if (kind === 'value') return 50 - at;
  const order = KIND_ORDER[kind] ?? 0;
  return kind === 'column' && label.startsWith('_') ? order - 0.5 : order;
}

/** Before a string is completed once more, and again: its values are found out in the background. */
const VALUES_WAITS_MS = [150, 300, 600, 1_200, 2_400, 4_800];

/** Completes what the server knows; in a string that is compared, the column's frequent values. */
export async function complete(context: CompletionContext): Promise<CompletionResult | null> {
  const query = context.state.doc.toString();
  const before = context.state.sliceDoc(Math.max(0, context.pos - 300), context.pos);
  const inString =
    /[A-Za-z_]\w*\s*(?:[!=]=|[=!]~|\w+)\s*(?:\((?:[^()"']|"[^"]*"|'[^']*')*)?["'][^"'\n]*$/.test(before);
  const typing = inString || context.matchBefore(/[\w-]+$/) !== null || /[|(,.]\s*$/.test(before);
  if (!context.explicit && !typing) return null;
  let answer = await completeQuery(query, context.pos).catch(() => null);
  for (const wait of inString ? VALUES_WAITS_MS : []) {
    if (answer?.items.length !== 0) break;
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (context.aborted) return null;
    answer = await completeQuery(query, context.pos).catch(() => null);
  }
  if (answer === null || answer.items.length === 0) return null;
  return {
    from: answer.from,
    to: answer.to,
    options: answer.items.map((item, at): Item => {
      const option: Item = {
        label: item.label,
        type: item.kind,
        detail: item.detail,
        boost: boost(item.kind, item.label, at),
      };
      if (item.insert) option.apply = item.insert;
      return option;
    }),
    validFor: inString ? /^[^"'\n]*$/ : /^[\w-]*$/,
  };
}

/** Title and text about what is under the pointer. */
export const hover = hoverTooltip(async (view, position) => {
  const told = await hoverQuery(view.state.doc.toString(), position).catch(() => null);
  if (told === null || told === undefined) return null;
  return {
    pos: told.start,
    end: told.end,
    above: true,
    create: () => ({ dom: card(told.title, told.text) }),
  };
});

function card(title: string, text: string): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'kql-card';
  const head = document.createElement('strong');
  head.textContent = title;
  dom.append(head);
  text.split('```').forEach((part, at) => {
    // Every second part stands between fences, behind the name of its language.
    const shown = (at % 2 === 0 ? part : part.replace(/^\w*\n/, '')).trim();
    if (shown === '') return;
    const piece = document.createElement(at % 2 === 0 ? 'div' : 'code');
    piece.textContent = shown;
    dom.append(piece);
  });
  return dom;
}

const setSignature = StateEffect.define<Tooltip | null>();

const signatureField = StateField.define<Tooltip | null>({
  create: () => null,
  update(tooltip, transaction) {
    for (const effect of transaction.effects) if (effect.is(setSignature)) return effect.value;
    return tooltip === null ? null : { ...tooltip, pos: transaction.changes.mapPos(tooltip.pos) };
  },
  provide: (field) => showTooltip.from(field),
});

/** Shows which argument is being typed. */
export const signatureHelp = [
  signatureField,
  ViewPlugin.fromClass(
    class {
      private asked = 0;

      constructor(private readonly view: EditorView) {}

      update(update: ViewUpdate) {
        if (!update.docChanged && !update.selectionSet) return;
        const { head } = update.state.selection.main;
        const line = update.state.sliceDoc(Math.max(0, head - 200), head);
        if (/\w\s*\([^()]*$/.test(line)) void this.ask(head);
        else if (update.state.field(signatureField) !== null) this.show(null, this.asked++);
      }

      private async ask(position: number) {
        this.asked += 1;
        const asked = this.asked;
        const told = await signatureQuery(this.view.state.doc.toString(), position).catch(() => null);
        this.show(
          told === null ? null : { pos: position, above: true, create: () => ({ dom: signatureCard(told) }) },
          asked,
        );
      }

      private show(tooltip: Tooltip | null, asked: number) {
        // Within an update nothing may be dispatched.
        queueMicrotask(() => {
          if (asked !== this.asked && tooltip !== null) return;
          if (this.view.dom.isConnected) this.view.dispatch({ effects: setSignature.of(tooltip) });
        });
      }
    },
  ),
];

function signatureCard(told: Signature): HTMLElement {
  const dom = document.createElement('div');
  dom.className = 'kql-card';
  const signature = told.signatures[told.active_signature] ?? told.signatures[0];
  if (signature === undefined) return dom;
  const parameter = signature.parameters[told.active_parameter];
  const head = document.createElement('code');
  if (parameter === undefined) head.textContent = signature.label;
  else {
    const active = document.createElement('b');
    active.textContent = signature.label.slice(parameter.start, parameter.end);
    head.append(signature.label.slice(0, parameter.start), active, signature.label.slice(parameter.end));
  }
  const body = document.createElement('div');
  body.textContent = parameter?.text || signature.text;
  dom.append(head, body);
  return dom;
}
