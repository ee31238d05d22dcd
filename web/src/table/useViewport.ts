// Which part of a scrolled box can be seen, told once a frame at most.
// Deliberately absent: what is in the box.

import { type RefObject, useLayoutEffect, useState } from 'react';
import { HEADER_PX } from './layout';

export interface Viewport {
  top: number;
  left: number;
  width: number;
  height: number;
}

export function useViewport(box: RefObject<HTMLDivElement | null>): Viewport {
  const [viewport, setViewport] = useState<Viewport>({ top: 0, left: 0, width: 900, height: 500 });
  useLayoutEffect(() => {
    const element = box.current;
    if (element === null) return;
    let frame = 0;
    const look = () => {
      frame = 0;
      setViewport((before) => {
        const now = {
          top: element.scrollTop,
          left: element.scrollLeft,
          width: element.clientWidth,
          height: element.clientHeight - HEADER_PX,
        };
        const same =
          now.top === before.top &&
          now.left === before.left &&
          now.width === before.width &&
          now.height === before.height;
        return same ? before : now;
      });
    };
    const soon = () => {
      if (frame === 0) frame = requestAnimationFrame(look);
    };
    look();
    element.addEventListener('scroll', soon, { passive: true });
    const sizes = new ResizeObserver(soon);
    sizes.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener('scroll', soon);
      sizes.disconnect();
    };
  }, [box]);
  return viewport;
}
