// The whole answer as a file, made by the server: CSV, JSON lines, or Parquet. A file that is only a part is not kept.
// Deliberately absent: the order and filters of the table, which concern what is seen only.

import { ActionIcon, Menu, Tooltip } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { IconDownload } from '@tabler/icons-react';
import { useState } from 'react';
import { send } from '../api/client';
import { asProblem, Problem } from '../api/problem';
import { withoutRender } from '../kql/pipes';
import { type TimeRange, timespan } from '../time/range';
import { lateError } from './lateError';

interface Format {
  label: string;
  accept: string;
  ending: string;
}

const FORMATS: Format[] = [
  { label: 'CSV', accept: 'text/csv', ending: 'csv' },
  { label: 'JSON, an object a line', accept: 'application/x-ndjson', ending: 'ndjson' },
  { label: 'Parquet', accept: 'application/vnd.apache.parquet', ending: 'parquet' },
];

/** As many as the server gives at once. */
const ROWS_MAX = 500_000;

/** The body, unless it broke off, as it does where there are more rows than may be exported. */
async function whole(response: Response, format: Format): Promise<Blob> {
  let blob: Blob;
  try {
    blob = await response.blob();
  } catch {
    throw new Problem({
      code: 'cut_off',
      detail: 'the export broke off',
      hint: 'there may be more than 500,000 rows: choose a shorter time or add a condition',
    });
  }
  const error = format.ending === 'ndjson' ? await lateError(blob) : null;
  if (error !== null) throw error;
  return blob;
}

export function ExportMenu({ query, range }: { query: string; range: TimeRange }) {
  const [busy, setBusy] = useState(false);

  async function download(format: Format) {
    setBusy(true);
    try {
      const span = timespan(range);
      const body = {
        query: withoutRender(query),
        maxRows: ROWS_MAX,
        ...(span === undefined ? {} : { timespan: span }),
      };
      const response = await send('/api/v1/query', { method: 'POST', body, accept: format.accept });
      const link = document.createElement('a');
      link.href = URL.createObjectURL(await whole(response, format));
      link.download = `doorledger-${new Date().toISOString().slice(0, 19).replace(/[:T]/g, '-')}.${format.ending}`;
      link.click();
      URL.revokeObjectURL(link.href);
    } catch (error) {
      const problem = asProblem(error);
      notifications.show({ color: 'red', title: problem.message, message: problem.hint });
    } finally {
      setBusy(false);
    }
  }
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Tooltip label="Export">
          <ActionIcon aria-label="export" loading={busy} disabled={query.trim() === ''}>
            <IconDownload size={17} stroke={1.6} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>All rows, up to 500,000</Menu.Label>
        {FORMATS.map((format) => (
          <Menu.Item key={format.ending} onClick={() => void download(format)}>
            {format.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
