import type { RestoreStatus } from "../../src/control/schemas.ts"
import { loginKeyFrom } from "../../src/credentials/ssh-key.ts"

/** SFTP of a world's restore pods: one after the other, so there is one of it. */
export class WorldSftp {
  /** False: as of an earlier release. */
  isServed = true
  /** Some key; real ones follow from that of the certificate. */
  readonly hostKey = loginKeyFrom("world").publicKey
  /** Fingerprints of those that the pods were told of. */
  publicKeys: string[] = []

  get told(): NonNullable<RestoreStatus["sftp"]> {
    return { hostKey: this.hostKey, publicKeys: this.publicKeys }
  }
}
