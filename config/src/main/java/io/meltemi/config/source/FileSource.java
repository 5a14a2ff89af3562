package io.meltemi.config.source;

import io.meltemi.common.time.Ticker;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.resource.Decoded;
import io.meltemi.config.resource.ResourceDecoder;
import io.meltemi.config.resource.ResourceSource;
import io.meltemi.config.source.DirectoryScan.Stamp;
import io.meltemi.config.yaml.YamlReader;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A directory of YAML and JSON files, followed live. A file is read again when its content is
 * another; a file that cannot be read to its end keeps what it said before; a file that is gone
 * takes its resources with it. If the directory itself is gone, everything stays as it was.
 *
 * <p>After {@link #start} one virtual thread does all reading and calls the listener.
 */
public final class FileSource implements ResourceSource {
  /** A file as last read, and since when it seems gone. */
  private static final class Known {
    private Stamp stamp;
    private byte[] hash;
    private boolean reported;
    private long goneSinceNanos = -1;

    Known(Stamp stamp, byte[] hash) {
      this.stamp = stamp;
      this.hash = hash;
    }
  }

  private final FileSourceSettings settings;
  private final ResourceDecoder decoder;
  private final Ticker ticker;
  private final Map<Path, Known> known = new TreeMap<>();
  private final Map<Path, Violation> problems = new HashMap<>();
  private @Nullable FileWatch watch;

  public FileSource(FileSourceSettings settings, ResourceDecoder decoder, Ticker ticker) {
    this.settings = settings;
    this.decoder = decoder;
    this.ticker = ticker;
  }

  @Override
  public void start(Listener listener) {
    if (watch != null) {
      throw new IllegalStateException("already started");
    }
    FileWatch started = new FileWatch(settings);
    watch = started;
    // watched before read, so that no change falls between
    DirectoryScan scan = DirectoryScan.of(settings);
    started.follow(scan.folders());
    listener.update(changes(scan, true));
    started.run(() -> refresh(started, listener));
  }

  @Override
  public void close() {
    FileWatch started = watch;
    if (started != null) {
      started.close();
    }
  }

  /** Looks again; returns how long until the next look must be at the latest, in milliseconds. */
  private long refresh(FileWatch started, Listener listener) {
    DirectoryScan scan = DirectoryScan.of(settings);
    started.follow(scan.folders());
    List<Update> batch = changes(scan, false);
    if (!batch.isEmpty()) {
      listener.update(batch);
    }
    return settling() ? settings.quiet().toMillis() : settings.poll().toMillis();
  }

  private boolean settling() {
    return known.values().stream().anyMatch(file -> file.goneSinceNanos >= 0);
  }

  /**
   * One pass: what differs from the last one. Not thread-safe; tests call it in place of a thread.
   */
  List<Update> poll() {
    return changes(DirectoryScan.of(settings), known.isEmpty() && problems.isEmpty());
  }

  private List<Update> changes(DirectoryScan scan, boolean first) {
    List<Update> batch = new ArrayList<>();
    takeProblems(scan, batch);
    if (!scan.whole()) {
      return batch;
    }
    for (Map.Entry<Path, Stamp> entry : scan.files().entrySet()) {
      look(entry.getKey(), entry.getValue(), first, batch);
    }
    List<Path> gone = new ArrayList<>();
    for (Map.Entry<Path, Known> entry : known.entrySet()) {
      Path file = entry.getKey();
      if (!scan.files().containsKey(file)
          && !scan.problems().containsKey(file)
          && believedGone(entry.getValue())) {
        gone.add(file);
        batch.add(Update.removed(file.toString()));
      }
    }
    gone.forEach(known::remove);
    return batch;
  }

  /** Reports what is newly wrong with paths as such, and takes back what is mended. */
  private void takeProblems(DirectoryScan scan, List<Update> batch) {
    scan.problems()
        .forEach(
            (path, problem) -> {
              if (!problem.equals(problems.put(path, problem))) {
                batch.add(new Update(path.toString(), List.of(), List.of(problem), false));
              }
            });
    problems
        .keySet()
        .removeIf(
            path -> {
              boolean mended = !scan.problems().containsKey(path);
              if (mended && scan.files().containsKey(path)) {
                known.remove(path); // read it anew, which replaces the problem
              } else if (mended && !known.containsKey(path)) {
                batch.add(Update.removed(path.toString()));
              }
              return mended;
            });
  }

  private void look(Path file, Stamp stamp, boolean first, List<Update> batch) {
    Known before = known.get(file);
    if (before != null && before.stamp.equals(stamp)) {
      before.goneSinceNanos = -1;
      return;
    }
    if (stamp.size() == 0 && before != null && !first && !believedGone(before)) {
      return; // perhaps cut off just to be written again
    }
    if (stamp.size() > settings.fileBytesMax()) {
      report(
          file,
          stamp,
          stamp.size() + " bytes",
          "at most " + settings.fileBytesMax() + "; split the file",
          batch);
      return;
    }
    try {
      byte[] bytes = Files.readAllBytes(file);
      byte[] hash = sha256(bytes);
      if (before != null && !before.reported && Arrays.equals(before.hash, hash)) {
        before.stamp = stamp;
        before.goneSinceNanos = -1;
        return;
      }
      known.put(file, new Known(stamp, hash));
      batch.add(read(file, bytes));
    } catch (NoSuchFileException _) {
      // gone since the scan; the next look sees it
    } catch (AccessDeniedException _) {
      report(file, stamp, "a file without permission to read", "a readable file", batch);
    } catch (IOException e) {
      report(file, stamp, String.valueOf(e.getMessage()), "a readable file", batch);
    }
  }

  private void report(Path file, Stamp stamp, String found, String expected, List<Update> batch) {
    Known entry = new Known(stamp, new byte[0]);
    entry.reported = true;
    known.put(file, entry);
    String location = file.toString();
    Violation problem = new Violation(Origin.of(location), "", found, expected);
    batch.add(new Update(location, List.of(), List.of(problem), false));
  }

  private boolean believedGone(Known file) {
    long now = ticker.nanos();
    if (file.goneSinceNanos < 0) {
      file.goneSinceNanos = Math.max(0, now);
    }
    return now - file.goneSinceNanos >= settings.gone().toNanos();
  }

  private Update read(Path file, byte[] bytes) {
    String location = file.toString();
    String text;
    try {
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException _) {
      Violation problem =
          new Violation(Origin.of(location), "", "bytes that are no UTF-8", "text in UTF-8");
      return new Update(location, List.of(), List.of(problem), false);
    }
    if (text.startsWith("\uFEFF")) {
      text = text.substring(1);
    }
    YamlReader.Result result = YamlReader.read(text, location, settings.yaml());
    List<Decoded> documents = new ArrayList<>();
    for (YamlReader.Document document : result.documents()) {
      documents.addAll(decoder.decode(document));
    }
    return new Update(location, documents, result.errors(), result.errors().isEmpty());
  }

  private static byte[] sha256(byte[] bytes) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(bytes);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
