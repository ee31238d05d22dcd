// Keys that work on every page: `?` for help, `g` and a letter for a page, `/` for the first search field.
// Deliberately absent: keys of one page, which that page listens to; Ctrl+K belongs to the palette.

import { useEffect } from 'react';
import { useNavigate } from 'react-router';
import { PAGES } from './pages';
import { atLeast, useMe } from './session';

/** How long after `g` the letter may come. */
const SECOND_KEY_MS = 1_200;

/** Whether the key goes to something that text is typed into. */
export function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  if (!(target instanceof HTMLElement)) return false;
  return target.isContentEditable || ['INPUT', 'TEXTAREA', 'SELECT'].includes(target.tagName);
}

export function usePageKeys(help: () => void): void {
  const navigate = useNavigate();
  const { role } = useMe();
  useEffect(() => {
    let since = 0;
    function pressed(event: KeyboardEvent) {
      if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.key === '?') {
        event.preventDefault();
        help();
      } else if (event.key === 'g') {
        since = event.timeStamp;
      } else if (event.key === '/') {
        const field = document.querySelector<HTMLElement>('[data-search-field]');
        if (field === null) return;
        event.preventDefault();
        field.focus();
      } else if (event.timeStamp - since < SECOND_KEY_MS) {
        const page = PAGES.find((page) => page.key === event.key && atLeast(role, page.least));
        since = 0;
        if (page !== undefined) void navigate(page.path);
      }
    }
    window.addEventListener('keydown', pressed);
    return () => window.removeEventListener('keydown', pressed);
  }, [help, navigate, role]);
}
