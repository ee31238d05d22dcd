// The ready questions of the start page: one click from a fresh installation to an answer.
// Deliberately absent: dashboards.

export interface Ready {
  title: string;
  about: string;
  query: string;
  time: string;
  /** Tables of which at least one must be there. */
  needs: string[];
}

/** The tables that logins come from. */
export const BOTH = ['Auth0Logs_CL', 'OneLoginEventsV2_CL'];

export const READY: Ready[] = [
  {
    title: 'Who failed to log in most, and from where?',
    about: 'People with their failures, addresses and countries in the last day',
    time: 'P1D',
    needs: BOTH,
    query: `Logins
| where Outcome == "failure"
| summarize Failures = count(), Addresses = dcount(Ip), From = make_set(Ip, 5), Countries = make_set_if(Country, isnotempty(Country), 5), Last = max(TimeGenerated) by User, Tenant
| top 50 by Failures`,
  },
  {
    title: 'How do logins and failures run?',
    about: 'A week by the hour',
    time: 'P7D',
    needs: BOTH,
    query: `Logins
| summarize Logins = count() by bin(TimeGenerated, 1h), Outcome
| render areachart`,
  },
  {
    title: 'Which addresses try many users?',
    about: 'The trace of password spraying',
    time: 'P30D',
    needs: BOTH,
    query: `Logins
| where Outcome == "failure" and isnotempty(Ip)
| summarize Users = dcount(User), Failures = count(), First = min(TimeGenerated), Last = max(TimeGenerated) by Ip, Tenant
| where Users >= 5
| top 50 by Users`,
  },
  {
    title: 'Who changed something?',
    about: "Administrators' work, newest first",
    time: 'P7D',
    needs: BOTH,
    query: `Identity
| where Kind == "administration" and Outcome != "notice"
| project TimeGenerated, Tenant, Actor, Event, Description, User, Application, Ip
| sort by TimeGenerated desc`,
  },
  {
    title: 'How does multi-factor do?',
    about: 'Pushes, passes and refusals by the day',
    time: 'P30D',
    needs: BOTH,
    query: `Identity
| where Kind == "mfa"
| summarize Events = count() by bin(TimeGenerated, 1d), Outcome
| render columnchart`,
  },
  {
    title: 'Where do logins come from?',
    about: 'Countries, as Auth0 places the addresses',
    time: 'P30D',
    needs: ['Auth0Logs_CL'],
    query: `Logins
| where Outcome == "success" and isnotempty(Country)
| summarize Logins = count() by Country
| top 15 by Logins
| render barchart`,
  },
  {
    title: 'What came in last?',
    about: 'The newest events as they are',
    time: 'PT1H',
    needs: ['Auth0Logs_CL'],
    query: `Auth0Logs_CL
| sort by TimeGenerated desc`,
  },
  {
    title: 'Is everything complete?',
    about: 'What came by poll and by push, hour by hour, and which hours are proved',
    time: 'P7D',
    needs: ['Ledger'],
    query: `Ledger
| summarize Stored = sum(Stored), Hours = count() by Tenant, Source, State, GapCause`,
  },
];
