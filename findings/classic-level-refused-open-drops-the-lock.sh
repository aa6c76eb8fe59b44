#!/bin/sh
# classic-level 2.0.0 (LevelDB) on Linux: an open that is refused takes away the lock of the database that is open.
#
# A database belongs to the process that has it open; others get LEVEL_LOCKED. If the process that has it opens the same
# folder once more, this is refused with LEVEL_LOCKED as well, and the first database goes on as if nothing had happened.
# But from then on other processes can open it too. The lock is one of fcntl, which a process loses as soon as it closes any
# descriptor of the file, and the refused open closes one. Two processes then write without knowledge of each other: what
# the first goes on to write, with `sync` and without an error, is missing when the database is opened again.
#
# Seen:
#   other process, before: LEVEL_LOCKED
#   second open in this process: LEVEL_LOCKED
#   other process, after: written
#   reopened, written by the other process: value
#   reopened, written by this process: undefined
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --ignore-scripts classic-level@2.0.0 >/dev/null

cat >other.mjs <<'JS'
import { ClassicLevel } from 'classic-level'
const database = new ClassicLevel('database')
try {
  await database.open()
  await database.put('theirs', 'value', { sync: true })
  await database.close()
  console.log('written')
} catch (error) {
  console.log(error.cause?.code ?? error.code)
}
JS

cat >check.mjs <<'JS'
import { execFileSync } from 'node:child_process'
import { ClassicLevel } from 'classic-level'
const other = () => execFileSync(process.execPath, ['other.mjs'], { encoding: 'utf8' }).trim()
const first = new ClassicLevel('database')
await first.open()
console.log('other process, before:', other())
const second = new ClassicLevel('database')
const refused = await second.open().then(() => 'opened', (error) => error.cause?.code ?? error.code)
console.log('second open in this process:', refused)
console.log('other process, after:', other())
await first.put('ours', 'value', { sync: true })
await first.close()
const reopened = new ClassicLevel('database')
await reopened.open()
console.log('reopened, written by the other process:', await reopened.get('theirs'))
console.log('reopened, written by this process:', await reopened.get('ours'))
await reopened.close()
JS

cat >expected <<'TEXT'
other process, before: LEVEL_LOCKED
second open in this process: LEVEL_LOCKED
other process, after: written
reopened, written by the other process: value
reopened, written by this process: undefined
TEXT
node check.mjs >seen
diff expected seen
cat seen
