// One event of a person in plain words, and a device by what a browser says of itself.
// Deliberately absent: sessions (`sessions`).

export interface Happening {
  at: number;
  provider: string;
  tenant: string;
  kind: string;
  outcome: string;
  event: string;
  description: string;
  user: string;
  actor: string;
  ip: string;
  country: string;
  city: string;
  application: string;
  device: string;
  id: string;
}

export type LineTone = 'good' | 'bad' | 'neutral' | 'change';

function sentence(text: string): string {
  const plain = text.toLowerCase() === text || text.toUpperCase() === text ? text.toLowerCase() : text;
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** What happened, and how it is to be seen; `many` is the wording for several in a row. */
export function words(one: Happening): { text: string; many: string; tone: LineTone; quiet: boolean } {
  const failed = one.outcome === 'failure';
  const at = one.application === '' ? '' : ` ${one.application}`;
  const why = one.description.split('\n')[0]?.slice(0, 160) ?? '';
  const because = why === '' ? '' : `: ${why}`;
  const tone: LineTone = failed ? 'bad' : one.outcome === 'success' ? 'good' : 'neutral';
  const told = (text: string, many = text, quiet = false) => ({ text, many, tone, quiet });
  switch (one.kind) {
    case 'login':
      if (failed)
        return told(
          `Failed to log in${at === '' ? '' : ` to${at}`}${because}`,
          `Failed to log in${at === '' ? '' : ` to${at}`}`,
        );
      return told(`Logged in${at === '' ? ` to ${one.tenant}` : ` to${at}`}`);
    case 'application':
      return told(failed ? `Could not open${at}${because}` : `Opened${at}`);
    case 'token':
      return told(
        failed ? `Was refused a token for${at}${because}` : `Token for${at || ' an application'}`,
        `tokens for${at || ' an application'}`,
        !failed,
      );
    case 'silent login':
      return told(
        failed ? `Silent login at${at} failed` : `Stayed signed in at${at}`,
        failed ? `silent logins at${at} failed` : `silent renewals at${at}`,
        true,
      );
    case 'mfa':
      if (failed) return told(`Failed the second factor${because}`, 'Failed the second factor');
      if (one.outcome === 'success')
        return told(/enrol/i.test(one.event) ? sentence(one.event) : 'Passed the second factor');
      return told(
        /send|push|request|sent/i.test(one.event) ? 'Was asked for a second factor' : sentence(one.event),
      );
    case 'logout':
      return told(`Logged out${at === '' ? '' : ` of${at}`}`);
    case 'signup':
      return told(failed ? `Failed to sign up${because}` : 'Signed up');
    case 'password':
      return { ...told(`${sentence(one.event)}${failed ? because : ''}`), tone: failed ? 'bad' : 'change' };
    case 'lockout':
      return { ...told(sentence(one.event)), tone: 'bad' };
    case 'administration':
    case 'provisioning': {
      const what =
        one.description === '' || one.provider === 'onelogin'
          ? sentence(one.event)
          : one.description.split('\n')[0]?.slice(0, 160) || sentence(one.event);
      return {
        ...told(one.actor === '' || one.actor === one.user ? what : `${what}, by ${one.actor}`),
        tone: failed ? 'bad' : 'change',
      };
    }
    default:
      return told(sentence(one.event || one.kind));
  }
}

/** `Chrome on Windows` out of what a browser says of itself. */
export function deviceName(agent: string): string {
  if (agent === '' || /^(unknown|other\b)/i.test(agent)) return '';
  const browser = /Edg/.test(agent)
    ? 'Edge'
    : /Firefox/.test(agent)
      ? 'Firefox'
      : /Chrome/.test(agent)
        ? 'Chrome'
        : /Safari/.test(agent)
          ? 'Safari'
          : '';
  const system = /Android/.test(agent)
    ? 'Android'
    : /iPhone|iPad|iOS/.test(agent)
      ? 'iOS'
      : /Windows/.test(agent)
        ? 'Windows'
        : /Mac ?OS/.test(agent)
          ? 'macOS'
          : /Linux|Ubuntu/.test(agent)
            ? 'Linux'
            : '';
  if (browser === '' && system === '') return agent.slice(0, 40);
  return [browser, system].filter(Boolean).join(' on ');
}
