// Values as KQL literals, and names as KQL writes them: nothing that a person or an event says can become query text.
// Deliberately absent: whole conditions (`filter`).

/** A string literal; quotes, backslashes and control characters are escaped. */
export function stringLiteral(text: string): string {
  let out = '"';
  for (const char of text) {
    const code = char.charCodeAt(0);
    if (char === '"' || char === '\\') out += `\\${char}`;
    else if (char === '\n') out += '\\n';
    else if (char === '\r') out += '\\r';
    else if (char === '\t') out += '\\t';
    else if (code < 0x20 || code === 0x7f || isLineBreak(code))
      out += `\\u${code.toString(16).padStart(4, '0')}`;
    else out += char;
  }
  return `${out}"`;
}

function isLineBreak(code: number): boolean {
  return code === 0x85 || code === 0x2028 || code === 0x2029;
}

/** A column's or table's name; in brackets where it is not an identifier. */
export function nameText(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) ? name : `[${stringLiteral(name)}]`;
}

export function datetimeLiteral(text: string): string {
  const ms = Date.parse(text);
  // What is no moment stays text: it can only fail to compare, not change the query.
  return Number.isFinite(ms) && /^[0-9TZ:.+ -]+$/.test(text)
    ? `datetime(${text.trim()})`
    : `todatetime(${stringLiteral(text)})`;
}

/** A value of a result's column as a literal of that column's type; `null` for values that have none. */
export function literal(value: unknown, type: string): string | null {
  if (value === null || value === undefined) return null;
  switch (type) {
    case 'string':
      return stringLiteral(String(value));
    case 'datetime':
      return datetimeLiteral(String(value));
    case 'timespan':
      return `totimespan(${stringLiteral(String(value))})`;
    case 'guid':
      return `toguid(${stringLiteral(String(value))})`;
    case 'bool':
      return value === true || value === 'true' ? 'true' : 'false';
    case 'decimal':
      return `todecimal(${stringLiteral(String(value))})`;
    case 'int':
    case 'long':
      return /^-?\d+$/.test(String(value)) ? wholeNumber(String(value)) : null;
    case 'real':
      return Number.isFinite(Number(value)) ? `real(${Number(value)})` : null;
    default:
      return null;
  }
}

function wholeNumber(text: string): string {
  return text.startsWith('-') ? `long(${text})` : text;
}
