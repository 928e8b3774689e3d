/**
 * For the Node process of a server in the background, which does little for a few clusters: it keeps no room for a hundred
 * megabytes of garbage from loading its modules, nor a second, faster translation of the embedded database. It is as fast
 * at that; with hundreds of clusters, a third slower.
 */
export const NODE_FLAGS: readonly string[] = ['--max-semi-space-size=2', '--liftoff-only'];
