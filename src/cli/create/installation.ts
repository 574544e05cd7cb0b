import { parseSettings, type Settings } from "../../api/settings.ts"
import { RecoveryError } from "../../api/reasons.ts"
import { ifAllowed } from "../../gather/unread.ts"
import type { KubeReader } from "../../kube/client.ts"
import { kinds } from "../../kube/kinds.ts"
import type { ConfigMap } from "../../kube/objects.ts"
import type { Unread } from "../../session/preflight/observed.ts"

/** NAMESPACE/RELEASE of docs/install.md. */
export const usualInstallation = "file-recovery/file-recovery"

const PODS = "pods and claims of the session"

/**
 * What the chart told the operator, from which a session's pods follow. Everybody who is logged in may read it. Undefined
 * when it can't be read or understood; `unread` says why. Throws UsageError when the place is none.
 */
export async function readInstallation(
  kube: KubeReader,
  place: string,
  unread: Unread[],
): Promise<Settings | undefined> {
  const [, namespace, release] = /^([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(place) ?? []
  if (namespace === undefined)
    throw new RecoveryError("UsageError", `--installation "${place}" must be NAMESPACE/RELEASE.`)
  const name = `${release}-settings`
  const before = unread.length
  const map = await ifAllowed(unread, PODS, () => kube.get<ConfigMap>(kinds.ConfigMap, name, namespace))
  if (unread.length > before) return undefined
  try {
    return parseSettings(map?.data?.["settings.json"] ?? "")
  } catch (error) {
    const why = map
      ? `ConfigMap ${namespace}/${name} is of another version of this plugin: ${(error as Error).message}`
      : `there is no ConfigMap ${namespace}/${name}; say where the operator is installed with --installation`
    unread.push({ what: PODS, why })
    return undefined
  }
}
