import { FIELD_MANAGER } from "../api/group.ts"
import { INSTANCE_LABEL } from "../api/labels.ts"
import { createMasterKey } from "../credentials/master-key.ts"
import type { KubeClient } from "../kube/client.ts"
import { kinds } from "../kube/kinds.ts"
import type { Secret } from "../kube/objects.ts"
import { createAuthority } from "../pki/authority.ts"
import type { Settings } from "../api/settings.ts"

const years = 365 * 24 * 3_600_000

/**
 * Makes the installation's authority and master key, and keeps them in one Secret of the operator's namespace. Needs
 * only the right to create Secrets there. `exists`: there is one already, which stays as it is.
 */
export async function initAuthority(
  client: KubeClient,
  settings: Pick<Settings, "authoritySecret" | "operatorNamespace" | "instance">,
  now: Date,
): Promise<"created" | "exists"> {
  const { certPem, keyPem } = createAuthority({
    name: `File Recovery ${settings.instance}`,
    // clocks of nodes differ a little
    notBefore: new Date(now.getTime() - 10 * 60_000),
    notAfter: new Date(now.getTime() + 10 * years),
  })
  const secret: Secret = {
    metadata: {
      name: settings.authoritySecret,
      namespace: settings.operatorNamespace,
      labels: {
        "app.kubernetes.io/name": "file-recovery",
        "app.kubernetes.io/component": "authority",
        "app.kubernetes.io/managed-by": FIELD_MANAGER,
        [INSTANCE_LABEL]: settings.instance,
      },
    },
    type: "Opaque",
    stringData: { "ca.crt": certPem, "ca.key": keyPem, "master.key": createMasterKey() },
  }
  const result = await client.create(kinds.Secret, secret)
  return result.created ? "created" : "exists"
}
