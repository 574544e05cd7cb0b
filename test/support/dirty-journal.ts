/**
 * A shell command that makes an ext4 of `disk` which crashed: its journal holds so many MiB that have to be written to
 * their places before it can be mounted. No kernel and no privilege is needed for it.
 */
export const writeDirtyJournal = (disk: string, mib: number): string => {
  const [blockBytes, firstBlock] = [4096, 40_000]
  const lastBlock = firstBlock + (mib * 2 ** 20) / blockBytes - 1
  return `
    mkfs.ext4 -q -F -b ${blockBytes} -J size=${mib * 2} ${disk}
    work=$(mktemp -d)
    head -c ${mib}M /dev/urandom >$work/blocks
    printf 'jo\\njw -b ${firstBlock}-${lastBlock} %s\\njc\\n' $work/blocks >$work/commands
    debugfs -w -f $work/commands ${disk}
    rm -r $work
    dumpe2fs -h ${disk} | grep -q needs_recovery`
}

/** What it needs of a disk, besides the journal. */
export const dirtyJournalDisk = "256M"
