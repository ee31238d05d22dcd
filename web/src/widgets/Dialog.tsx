// A dialog that gives the focus back to what opened it, also if it is simply no longer drawn.
// Deliberately absent: what it shows, and the second question before something is removed (`ConfirmDialog`).

import { Modal, type ModalProps } from '@mantine/core';
import { useEffect, useLayoutEffect, useRef } from 'react';

/** What had the focus last, but for entries of menus: they are gone when what they open closes. */
let last: HTMLElement | null = null;
document.addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement && target.closest('[role="menu"]') === null) last = target;
});

export function Dialog({ opened = true, ...rest }: Omit<ModalProps, 'opened'> & { opened?: boolean }) {
  const before = useRef<HTMLElement | null>(null);
  // Noted before the dialog takes the focus.
  useLayoutEffect(() => {
    if (opened) before.current = last;
  }, [opened]);
  useEffect(() => {
    if (!opened) return;
    // Not in a layout effect: React puts the focus back to where it was when a change began.
    // What opened it may be gone with what the dialog removed: then the page has the focus, not the browser's frame.
    return () => (before.current?.isConnected ? before.current : document.getElementById('page'))?.focus();
  }, [opened]);
  return <Modal opened={opened} returnFocus={false} {...rest} />;
}
