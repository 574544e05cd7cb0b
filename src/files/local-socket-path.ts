/**
 * Where the restore pod's file service listens for the programs of its own container (src/exec), which `kubectl exec` and
 * `kubectl cp` start there: a directory that no other container mounts.
 */
export const localSocketDir = "/run/files"
export const localSocketPath = `${localSocketDir}/http`
