/** A workspace as it begins. */
export interface Seed {
  readonly name: string;
  readonly domain: string;
  readonly people: readonly {
    readonly name: string;
    readonly realName: string;
    readonly isAdmin?: boolean;
    /** Handles. */
    readonly groups?: readonly string[];
  }[];
  readonly groups: readonly { readonly handle: string; readonly name: string }[];
  readonly channels: readonly {
    readonly name: string;
    readonly isPrivate?: boolean;
    /** Names; without them all. */
    readonly members?: readonly string[];
    /** Whether the app is a member; without it, it is. */
    readonly withApp?: boolean;
  }[];
  /** Whether the app is there from the beginning; else it is to be installed by OAuth. */
  readonly isInstalled?: boolean;
}

/** A small company with one person in each role that an app may know. */
export const SEED: Seed = {
  name: 'Tidewater Research',
  domain: 'tidewater',
  groups: [
    { handle: 'dask-viewers', name: 'Dask viewers' },
    { handle: 'dask-users', name: 'Dask users' },
    { handle: 'dask-approvers', name: 'Dask approvers' },
    { handle: 'dask-admins', name: 'Dask admins' },
  ],
  people: [
    { name: 'mira', realName: 'Mira Okafor', groups: ['dask-users'] },
    { name: 'jonas', realName: 'Jonas Lindqvist', groups: ['dask-users'] },
    { name: 'priya', realName: 'Priya Raman', groups: ['dask-approvers'] },
    { name: 'tomas', realName: 'Tomás Ferreira', groups: ['dask-admins'], isAdmin: true },
    { name: 'wen', realName: 'Wen Zhao', groups: ['dask-viewers'] },
  ],
  channels: [{ name: 'data-science' }, { name: 'general' }, { name: 'climate-model', isPrivate: true }],
};
