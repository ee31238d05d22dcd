// Providers around the routes: theme, server state, session.
// Deliberately absent: pages (`routes`) and the frame around them (`Shell`).

import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from 'react-router';
import { Problem } from '../api/problem';
import { router } from './routes';
import { SessionGate } from './SessionGate';
import { theme } from './theme';

/** How often something is asked again while the server is away. */
const LOST_RETRIES_MAX = 30;
const LOST_RETRY_DELAY_MS = 2_000;

const client = new QueryClient({
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      staleTime: 10_000,
      retry: (count, error) =>
        error instanceof Problem &&
        ['connection_lost', 'too_many_queries'].includes(error.code) &&
        count < LOST_RETRIES_MAX,
      retryDelay: LOST_RETRY_DELAY_MS,
    },
  },
});

export function App() {
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <Notifications position="bottom-right" autoClose={4000} limit={4} />
      <QueryClientProvider client={client}>
        <SessionGate>
          {/* The address is what the pages go by: it must not wait while rows stream in. */}
          <RouterProvider router={router} useTransitions={false} />
        </SessionGate>
      </QueryClientProvider>
    </MantineProvider>
  );
}
