// Whether the server can be reached: told by every request, and looked after until it is there again.
// Deliberately absent: the banner (`app/ConnectionBanner`), and asking again what failed (TanStack Query does).

/** Between two looks while the server is away. */
const LOOK_INTERVAL_MS = 1_500;

type Listener = () => void;

class Connection {
  private away = false;
  private listeners = new Set<Listener>();
  private timer: ReturnType<typeof setInterval> | null = null;

  readonly subscribe = (listener: Listener): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly isAway = (): boolean => this.away;

  lost(): void {
    if (this.away) return;
    this.away = true;
    this.timer = setInterval(() => void this.look(), LOOK_INTERVAL_MS);
    this.tell();
  }

  reached(): void {
    if (!this.away) return;
    this.away = false;
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    this.tell();
  }

  private async look(): Promise<void> {
    try {
      await fetch('/livez', { cache: 'no-store' });
      this.reached();
    } catch {
      // Still away: the next look tells.
    }
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

export const connection = new Connection();
