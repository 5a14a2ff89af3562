package io.meltemi.config.source;

import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Wakes a task when folders change, and now and then anyway. Where the platform has no
 * notifications only the latter remains.
 */
final class FileWatch implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(FileWatch.class.getName());

  /** Bounds how long a stream of changes can put off a look. */
  private static final int QUIET_ROUNDS_MAX = 6;

  private final FileSourceSettings settings;
  private final Map<Path, WatchKey> keys = new HashMap<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private final @Nullable WatchService service;
  private @Nullable Thread thread;

  FileWatch(FileSourceSettings settings) {
    this.settings = settings;
    this.service = open(settings.directory());
  }

  private static @Nullable WatchService open(Path directory) {
    try {
      return directory.getFileSystem().newWatchService();
    } catch (IOException | UnsupportedOperationException _) {
      return null;
    }
  }

  /** Watches exactly these folders from now on. */
  void follow(List<Path> folders) {
    if (service == null) {
      return;
    }
    keys.entrySet()
        .removeIf(
            entry -> {
              boolean drop = !folders.contains(entry.getKey()) || !entry.getValue().isValid();
              if (drop) {
                entry.getValue().cancel();
              }
              return drop;
            });
    for (Path folder : folders) {
      if (!keys.containsKey(folder)) {
        try {
          keys.put(
              folder,
              folder.register(
                  service,
                  StandardWatchEventKinds.ENTRY_CREATE,
                  StandardWatchEventKinds.ENTRY_MODIFY,
                  StandardWatchEventKinds.ENTRY_DELETE));
        } catch (IOException _) {
          // polling still sees the folder
        }
      }
    }
  }

  /**
   * Runs a task on a virtual thread of its own until closed.
   *
   * @param look returns the milliseconds until the next look at the latest
   */
  void run(LongSupplier look) {
    thread =
        Thread.ofVirtual()
            .name("file-source")
            .start(
                () -> {
                  long waitMillis = settings.poll().toMillis();
                  while (await(waitMillis)) {
                    waitMillis = lookSafely(look);
                  }
                });
  }

  private long lookSafely(LongSupplier look) {
    try {
      return look.getAsLong();
    } catch (RuntimeException e) {
      // a bug in a listener must not end the following of files
      LOG.log(System.Logger.Level.ERROR, "cannot take a change of " + settings.directory(), e);
      return settings.poll().toMillis();
    }
  }

  /** Waits for a change and then for quiet, or for the time to pass; false when closed. */
  private boolean await(long millis) {
    try {
      if (service == null) {
        return !closed.await(millis, TimeUnit.MILLISECONDS);
      }
      WatchKey key = service.poll(millis, TimeUnit.MILLISECONDS);
      for (int i = 0; key != null && i < QUIET_ROUNDS_MAX; i++) {
        key.pollEvents();
        key.reset();
        key = service.poll(settings.quiet().toMillis(), TimeUnit.MILLISECONDS);
      }
      if (key != null) {
        key.pollEvents();
        key.reset();
      }
      return closed.getCount() > 0;
    } catch (InterruptedException | java.nio.file.ClosedWatchServiceException _) {
      return false;
    }
  }

  /** Stops the task; on return it runs no more, unless it is the caller itself. */
  @Override
  public void close() {
    closed.countDown();
    try {
      if (service != null) {
        service.close();
      }
      Thread running = thread;
      if (running != null && !running.equals(Thread.currentThread())) {
        running.join();
      }
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
