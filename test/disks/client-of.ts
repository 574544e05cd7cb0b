import { FilesClient } from "../../src/client/files-client.ts"
import { dialLocal, type LocalSession } from "../../src/cli/client/local-session.ts"

/** A client of a session of this machine, as `kubectl recover` has one. */
export function clientOf({ port, uid, ca, username, password }: LocalSession): FilesClient {
  return new FilesClient({ dial: dialLocal(port), ca, sessionUid: uid, username, password })
}
