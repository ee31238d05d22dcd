// What the server's answers look like, by hand until they are generated; one name a shape.
// Deliberately absent: behaviour.

export type Role = 'viewer' | 'analyst' | 'administrator';

export interface Session {
  user: { name: string; role: Role } | null;
  csrf: string | null;
  expires: string | null;
  version?: string;
  open?: boolean;
}

export interface Column {
  name: string;
  type: string;
}

export interface Render {
  visualization: string;
  properties: [string, unknown][];
}

export interface QueryError {
  kind?: string;
  code?: string | null;
  message: string;
  span?: [number, number] | null;
  hint?: string | null;
}

export type Frame =
  | { frame: 'table'; name: string; columns: Column[]; render: Render | null }
  | { frame: 'rows'; rows: unknown[][] }
  | { frame: 'progress'; rows_scanned: number; bytes_scanned: number; elapsed_ms: number }
  | { frame: 'beat' }
  | {
      frame: 'end';
      rows: number;
      elapsed_ms: number;
      rows_scanned: number;
      bytes_scanned: number;
      error: QueryError | null;
    };

export interface Diagnostic {
  start: number;
  end: number;
  severity: 'error' | 'warning';
  code: string;
  message: string;
  hint?: string | null;
}

export interface Token {
  start: number;
  end: number;
  kind: string;
}

export interface Check {
  tokens: Token[];
  diagnostics: Diagnostic[];
  columns: Column[] | null;
  statements: { start: number; end: number }[];
}

export interface Completion {
  from: number;
  to: number;
  items: { label: string; kind: string; detail?: string | null; insert?: string | null }[];
}

export interface Hover {
  start: number;
  end: number;
  title: string;
  text: string;
}

export interface Signature {
  signatures: {
    label: string;
    parameters: { start: number; end: number; text: string }[];
    text: string;
  }[];
  active_signature: number;
  active_parameter: number;
}

export interface Words {
  query: string;
  form: 'kql' | 'lucene' | 'words';
  notes: string[];
}

export interface SchemaTable {
  name: string;
  kind: 'table' | 'function' | 'own';
  columns: Column[];
  about?: string | null;
}

export interface Schema {
  tables: SchemaTable[];
  functions: { name: string; about?: string | null }[];
}

export interface SavedQuery {
  id: string;
  name: string;
  text: string;
  timespan: string | null;
  owner?: string;
  shared: boolean;
  updated?: string;
}

export type ParameterKind = 'time' | 'tenant' | 'free' | 'choice';

export interface Parameter {
  name: string;
  label: string;
  kind: ParameterKind;
  default: string;
  query?: string;
  values?: string[];
}

export interface Tile {
  id: string;
  title: string;
  x: number;
  y: number;
  w: number;
  h: number;
  kind: string;
  query?: string;
  text?: string;
  options?: Record<string, unknown>;
}

export interface Dashboard {
  id?: string;
  title: string;
  about: string;
  refresh_seconds: number | null;
  timespan: string;
  parameters: Parameter[];
  tiles: Tile[];
}

export interface DashboardEntry {
  id: string;
  title: string;
  about?: string;
  managed: 'content' | 'user';
  updated?: string | null;
}

export interface SourceId {
  provider: string;
  tenant: string;
  source: string;
}

export interface Trouble {
  code: string;
  message: string;
  hint: string;
  since: string | null;
}

export type Light = 'green' | 'yellow' | 'red';

export interface SourceStatus {
  source: SourceId;
  via: 'poll' | 'push' | string;
  state: string;
  last_event: string | null;
  last_received: string | null;
  last_success: string | null;
  lag_seconds: number | null;
  received_events: number;
  stored_events: number;
  duplicate_events: number;
  rejected_events: number;
  gaps: number;
  trouble: Trouble | null;
}

export interface DestinationStatus {
  name: string;
  kind: string;
  state: string;
  backlog_events: number;
  oldest_unsent_seconds: number | null;
  sent_events: number;
  dead_letters: number;
  last_success: string | null;
  trouble: Trouble | null;
}

export interface Status {
  light: Light;
  reasons: string[];
  version: string;
  now: string;
  started: string;
  sources: SourceStatus[];
  destinations: DestinationStatus[];
  journal: {
    bytes: number;
    bytes_max: number;
    head_offset: number;
    dead_letters: number;
    trouble: Trouble | null;
  };
  lake: {
    committed_offset: number;
    uncommitted_events: number;
    tables: { name: string; rows: number; files: number; bytes: number }[];
    trouble: Trouble | null;
  };
  alarms: {
    alarm: string;
    source: SourceId | null;
    destination: string | null;
    light: Light;
    message: string;
    hint: string;
    opened: string;
  }[];
}
