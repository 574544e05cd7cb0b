import type { Row } from "./row.ts"
import { fileSystems, foreign } from "./rows/file-systems.ts"
import { bitlocker } from "./rows/bitlocker.ts"
import { dynamic } from "./rows/dynamic.ts"
import { hostile } from "./rows/hostile.ts"
import { encryption } from "./rows/encryption.ts"
import { journals } from "./rows/journals.ts"
import { lvm } from "./rows/lvm.ts"
import { named } from "./rows/named.ts"
import { ntfs } from "./rows/ntfs.ts"
import { raid } from "./rows/raid.ts"
import { systems } from "./rows/systems.ts"
import { tables } from "./rows/tables.ts"

/** The table: every set of disks there is, in the order in which `npm run test:disks` plays them. */
export const rows: readonly Row[] = [
  ...tables,
  ...fileSystems,
  ...foreign,
  ...lvm,
  ...raid,
  ...dynamic,
  ...ntfs,
  ...systems,
  ...journals,
  ...encryption,
  ...bitlocker,
  ...named,
  ...hostile,
]
