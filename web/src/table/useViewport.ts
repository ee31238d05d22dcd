// Which part of a scrolled box can be seen, told once a frame at most.
// Deliberately absent: what is in the box.

import { type RefObject, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { HEADER_PX } from './layout';

export interface Viewport {
  top: number;
  left: number;
  width: number;
  height: number;
}

/** How large the place is into which the next box comes, as far as it is known. */
let size = { width: 900, height: 500 };

/** For the place of a table that is not there yet: its first drawing need not be done again when it has been measured. */
export function useForeseen(): RefObject<HTMLDivElement | null> {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = place.current;
    if (element === null) return;
    const sizes = new ResizeObserver(([found]) => {
      if (found !== undefined)
        size = { width: found.contentRect.width, height: found.contentRect.height - HEADER_PX };
    });
    sizes.observe(element);
    return () => sizes.disconnect();
  }, []);
  return place;
}

export function useViewport(box: RefObject<HTMLDivElement | null>): Viewport {
  const [viewport, setViewport] = useState<Viewport>({ top: 0, left: 0, ...size });
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
    element.addEventListener('scroll', soon, { passive: true });
    // Told once at the beginning too, when the browser has laid the box out anyway: asking here would make it do so twice.
    const sizes = new ResizeObserver(look);
    sizes.observe(element);
    return () => {
      cancelAnimationFrame(frame);
      element.removeEventListener('scroll', soon);
      sizes.disconnect();
    };
  }, [box]);
  return viewport;
}
