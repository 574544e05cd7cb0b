import type { KubeReader } from "../kube/client.ts"
import { KubeError } from "../kube/errors.ts"
import type { Unread } from "../session/preflight/observed.ts"

/**
 * Reads what is only good to know: where there is no right to read it, or no such kind, the answer is undefined and
 * `unread` says why. An API server that fails is another matter: that rejects.
 */
export async function ifAllowed<T>(unread: Unread[], what: string, read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read()
  } catch (error) {
    if (!(error instanceof KubeError) || (error.status !== 403 && error.status !== 404)) throw error
    if (unread.every((one) => one.what !== what)) unread.push({ what, why: whyNot(error) })
    return undefined
  }
}

/** A reader with somebody's rights: what they don't reach is absent or empty, and in `unread` under the name of its kind. */
export function asFarAsAllowed(kube: KubeReader, unread: Unread[]): KubeReader {
  return {
    get: (kind, name, namespace) => ifAllowed(unread, kind.kind, () => kube.get(kind, name, namespace)),
    list: async (kind, options) => (await ifAllowed(unread, kind.kind, () => kube.list(kind, options))) ?? [],
  }
}

/** Whether a refusal is about the right to ask at all, and not about what was asked for. */
export const isMissingRight = ({ status, message }: KubeError) => status === 403 && RIGHT.test(message)

const RIGHT = /cannot (\S+) resource "([^"]+)"/

function whyNot(error: KubeError): string {
  const [, verb, resource] = RIGHT.exec(error.message) ?? []
  return verb === undefined ? error.message : `no right to ${verb} ${resource}`
}
