// Where a query's statements end and its pipes stand, so that a step can be put behind it or the first steps be taken
// alone. It knows strings, comments and brackets.
// Deliberately absent: knowing what the steps mean; the engine does, and judges what is made here.

export interface Step {
  /** Place of the step's first character, behind its pipe. */
  start: number;
  end: number;
  /** First word of the step, lower case; empty for what comes before the first pipe. */
  operator: string;
}

type Mark = { at: number; kind: 'pipe' | 'semicolon' };

/** Pipes and semicolons outside of strings, comments and brackets. */
function marks(query: string): Mark[] {
  const found: Mark[] = [];
  let depth = 0;
  let at = 0;
  while (at < query.length) {
    const next = skip(query, at);
    if (next > at) {
      at = next;
      continue;
    }
    const char = query.charAt(at);
    if ('([{'.includes(char)) depth += 1;
    else if (')]}'.includes(char)) depth = Math.max(0, depth - 1);
    else if (char === '|' && depth === 0) found.push({ at, kind: 'pipe' });
    else if (char === ';' && depth === 0) found.push({ at, kind: 'semicolon' });
    at += 1;
  }
  return found;
}

/** Behind the comment or string that begins here; here if none does. */
function skip(query: string, at: number): number {
  if (query.startsWith('//', at)) {
    const end = query.indexOf('\n', at);
    return end < 0 ? query.length : end;
  }
  if (query.startsWith('```', at) || query.startsWith('~~~', at)) {
    const end = query.indexOf(query.slice(at, at + 3), at + 3);
    return end < 0 ? query.length : end + 3;
  }
  const quote = query.charAt(at);
  if (quote !== '"' && quote !== "'") return at;
  const verbatim = query.charAt(at - 1) === '@';
  for (let end = at + 1; end < query.length; end += 1) {
    const char = query.charAt(end);
    if (char === '\n') return end;
    if (!verbatim && char === '\\') end += 1;
    else if (char === quote) {
      if (verbatim && query.charAt(end + 1) === quote) end += 1;
      else return end + 1;
    }
  }
  return query.length;
}

/** The query without comments at its end and without the last semicolon, so that a step can follow. */
function trimmed(query: string): string {
  let text = query.trimEnd();
  for (;;) {
    const line = text.lastIndexOf('\n');
    const last = text.slice(line + 1);
    if (last.trimStart().startsWith('//')) text = text.slice(0, Math.max(0, line)).trimEnd();
    else if (text.endsWith(';')) text = text.slice(0, -1).trimEnd();
    else return text;
  }
}

/** The steps of the last statement, which is the one that answers. */
export function steps(query: string): Step[] {
  const text = trimmed(query);
  const all = marks(text);
  const from = (all.filter((mark) => mark.kind === 'semicolon').at(-1)?.at ?? -1) + 1;
  const borders = [
    from - 1,
    ...all.filter((mark) => mark.kind === 'pipe' && mark.at >= from).map((mark) => mark.at),
    text.length,
  ];
  return borders.slice(0, -1).map((border, index) => {
    const [start, end] = [border + 1, borders[index + 1] ?? text.length];
    const body = text.slice(start, end).replace(/^(\s|\/\/[^\n]*(\n|$))*/, '');
    return {
      start,
      end,
      operator: index === 0 ? '' : (/^[a-z][a-z-]*/i.exec(body)?.[0].toLowerCase() ?? ''),
    };
  });
}

/** Puts a step behind the query; a `render` at its end stays the last. */
export function addStep(query: string, step: string): string {
  const text = trimmed(query);
  if (text.trim() === '') return query;
  const last = steps(text).at(-1);
  if (last?.operator !== 'render') return `${text}\n| ${step}`;
  return `${text.slice(0, last.start - 1).trimEnd()}\n| ${step}\n|${text.slice(last.start)}`;
}

/** The query without its `render`. */
export function withoutRender(query: string): string {
  const text = trimmed(query);
  const last = steps(text).at(-1);
  return last?.operator === 'render' ? text.slice(0, last.start - 1).trimEnd() : text;
}

/** Steps that keep each event an event, so that a histogram of what goes through them is one of events. */
const KEEPING = new Set([
  'where',
  'filter',
  'extend',
  'search',
  'parse',
  'parse-where',
  'as',
  'lookup',
  'sort',
  'order',
  'serialize',
]);

/** Steps that leave columns out or name them anew; the events stay events, if they still tell their time. */
const NARROWING = new Set(['project', 'project-away', 'project-keep', 'project-rename', 'project-reorder']);

/** The longest beginning of the query of which the events themselves come out; with all their columns unless `narrowed`. */
export function eventsPart(query: string, narrowed = false): string {
  const text = trimmed(query);
  const keeps = (step: Step) => KEEPING.has(step.operator) || (narrowed && NARROWING.has(step.operator));
  const cut = steps(text).find((step, index) => index > 0 && !keeps(step));
  return cut === undefined ? text : text.slice(0, cut.start - 1).trimEnd();
}

/** Steps that choose or arrange rows of an answer that has an end; a tail has none. */
const ENDING = new Set(['sort', 'order', 'top', 'take', 'limit', 'render', 'serialize']);

/** The query as a live tail can follow it: without order, limits and charts. */
export function tailPart(query: string): string {
  const text = trimmed(query);
  const all = steps(text);
  const first = all[0];
  if (first === undefined) return text;
  const kept = all
    .filter((step, index) => index > 0 && !ENDING.has(step.operator))
    .map((step) => text.slice(step.start, step.end).trim());
  return [text.slice(0, first.end).trimEnd(), ...kept].join('\n| ');
}

/** The table that the answering statement begins with; empty if it begins otherwise. */
export function firstTable(query: string): string {
  const first = steps(query)[0];
  const text =
    first === undefined
      ? ''
      : query
          .slice(first.start, first.end)
          .replace(/\/\/[^\n]*/g, '')
          .trim();
  return /^[A-Za-z_]\w*$/.test(text) ? text : '';
}
