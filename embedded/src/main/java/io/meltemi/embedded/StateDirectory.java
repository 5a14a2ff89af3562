package io.meltemi.embedded;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** The directory of one run's logs and leftovers; locked while the run lasts. */
final class StateDirectory implements AutoCloseable {
  private static final int SAME_MANIFESTS_MAX = 20;

  private final Path path;
  private final FileChannel channel;
  private final FileLock lock;

  private StateDirectory(Path path, FileChannel channel, FileLock lock) {
    this.path = path;
    this.channel = channel;
    this.lock = lock;
  }

  /**
   * Opens the directory for some manifests: the same one each time, another one while that is in
   * use.
   *
   * @param parent of all such directories
   * @throws IOException when it cannot be written
   */
  static StateDirectory open(Path parent, Path manifests) throws IOException {
    String name =
        manifests.getFileName() + "-%06x".formatted(manifests.toString().hashCode() & 0xffffff);
    for (int i = 1; i <= SAME_MANIFESTS_MAX; i++) {
      Path path = Files.createDirectories(parent.resolve(i == 1 ? name : name + "-" + i));
      FileChannel channel =
          FileChannel.open(
              path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
      try {
        FileLock lock = channel.tryLock();
        if (lock != null) {
          return new StateDirectory(path, channel, lock);
        }
      } catch (OverlappingFileLockException _) {
        // held by this very JVM
      }
      channel.close();
    }
    throw new IOException(
        "%d runs of %s are there already".formatted(SAME_MANIFESTS_MAX, manifests));
  }

  Path path() {
    return path;
  }

  @Override
  public void close() throws IOException {
    lock.release();
    channel.close();
  }
}
