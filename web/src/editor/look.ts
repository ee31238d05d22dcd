// How the editor looks: the page's own colours for tokens, popups and squiggles.
// Deliberately absent: what is coloured (`marks`).

import { EditorView } from '@codemirror/view';

const token = (name: string, extra: Record<string, string> = {}) => ({
  color: `var(--dl-${name})`,
  ...extra,
});

export const look = EditorView.theme({
  '&': { backgroundColor: 'var(--dl-panel)', color: 'var(--dl-text)', fontSize: '13px', height: '100%' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--dl-mono)', lineHeight: '1.55' },
  '.cm-content': { caretColor: 'var(--dl-text)', padding: '8px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--dl-text)' },
  '.cm-gutters': {
    backgroundColor: 'var(--dl-panel)',
    color: 'var(--dl-text-3)',
    border: 'none',
    paddingLeft: '4px',
  },
  '.cm-activeLine': { backgroundColor: 'color-mix(in srgb, var(--dl-hover) 60%, transparent)' },
  '.cm-activeLineGutter': { backgroundColor: 'transparent', color: 'var(--dl-text)' },
  '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {
    backgroundColor: 'var(--dl-chosen) !important',
  },
  '.cm-matchingBracket': {
    backgroundColor: 'var(--dl-chosen) !important',
    outline: '1px solid var(--dl-line-strong)',
  },
  '.cm-placeholder': { color: 'var(--dl-text-3)' },
  '.cm-tooltip': {
    backgroundColor: 'var(--dl-raised)',
    color: 'var(--dl-text)',
    border: '1px solid var(--dl-line-strong)',
    borderRadius: '6px',
    boxShadow: '0 8px 24px rgb(0 0 0 / 0.18)',
    overflow: 'hidden',
  },
  '.cm-tooltip-autocomplete > ul': { fontFamily: 'var(--dl-mono)', fontSize: '12.5px', maxHeight: '260px' },
  '.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px !important' },
  '.cm-tooltip-autocomplete > ul > li[aria-selected]': {
    backgroundColor: 'var(--dl-chosen) !important',
    color: 'var(--dl-text) !important',
  },
  '.cm-completionDetail': {
    color: 'var(--dl-text-2)',
    fontStyle: 'normal',
    float: 'right',
    marginLeft: '24px',
  },
  '.cm-completionIcon': { opacity: '0.8', width: '1.4em' },
  '.cm-completionIcon-table::after': { content: "'▤'" },
  '.cm-completionIcon-column::after': { content: "'▪'" },
  '.cm-completionIcon-operator::after': { content: "'|'" },
  '.cm-completionIcon-function::after, .cm-completionIcon-aggregate::after': { content: "'ƒ'" },
  '.cm-completionIcon-value::after': { content: "'“'" },
  '.cm-diagnostic': { padding: '6px 10px', fontSize: '12.5px', whiteSpace: 'pre-wrap', maxWidth: '520px' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--dl-bad)' },
  '.cm-diagnostic-warning': { borderLeft: '3px solid var(--dl-warn)' },
  '.cm-diagnosticSource': { fontSize: '11px', opacity: '0.7' },
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--dl-bad) 1px',
    textUnderlineOffset: '3px',
  },
  '.cm-lintRange-warning': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--dl-warn) 1px',
    textUnderlineOffset: '3px',
  },
  '.kql-card': { padding: '7px 10px', maxWidth: '440px', fontSize: '12.5px', whiteSpace: 'pre-wrap' },
  '.kql-card strong, .kql-card code': { fontFamily: 'var(--dl-mono)', display: 'block', marginBottom: '3px' },
  '.kql-card b': { color: 'var(--dl-accent-text)' },
  '.kql-keyword, .kql-operator': token('keyword'),
  '.kql-string': token('string'),
  '.kql-number, .kql-literal': token('number'),
  '.kql-function, .kql-aggregate': token('function'),
  '.kql-table': token('table', { fontWeight: '600' }),
  '.kql-column': token('column'),
  '.kql-comment': token('comment', { fontStyle: 'italic' }),
  '.kql-sign': token('text-2'),
  '.kql-type': token('number'),
  '.kql-variable': token('number'),
});
