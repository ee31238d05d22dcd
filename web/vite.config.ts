// How the app is built: hashed files under assets/, nothing inline, editor and charts in chunks of their own.
// Deliberately absent: a development server of our own; `vite` passes what is not the app's on to a running doorledger.

import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';

const server = process.env.DOORLEDGER_URL ?? 'http://127.0.0.1:7788';

export default defineConfig({
  plugins: [react()],
  build: {
    target: 'es2022',
    // A data: URL in a style sheet would have to be allowed by the policy; a file needs nothing.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1200,
  },
  server: { proxy: { '/api': server, '/livez': server } },
  test: { include: ['src/**/*.test.ts', 'tests/**/*.test.ts'] },
});
