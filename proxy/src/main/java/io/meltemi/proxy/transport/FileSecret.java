package io.meltemi.proxy.transport;

import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.parse.ParseScope;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A secret whose certificates or keys are in files, read again when one of them has changed; what
 * does not parse, such as a certificate whose key is not there yet, leaves what was there.
 * Configuration thread.
 *
 * <p>Differs from Envoy: files are followed wherever they are named, not only those of secrets that
 * SDS delivers, and whether they are moved into place or written there.
 */
final class FileSecret {
  private static final System.Logger LOG = System.getLogger(FileSecret.class.getName());

  private final WeakReference<SecretSlot> slot;
  private final io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto;
  private final List<Path> files;

  /** None at first: what was parsed may be older than the files are by now. */
  private List<Stamp> read = List.of();

  /**
   * A file as it was: another one has another stamp.
   *
   * @param key tells the file from others; empty where the system has none
   */
  private record Stamp(FileTime modified, long sizeBytes, Object key) {
    static final Stamp MISSING = new Stamp(FileTime.fromMillis(0), -1, "");
  }

  private FileSecret(
      SecretSlot slot,
      io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto,
      List<Path> files) {
    this.slot = new WeakReference<>(slot);
    this.proto = proto;
    this.files = files;
  }

  /** Empty when nothing of the secret is in a file. */
  static Optional<FileSecret> of(
      SecretSlot slot, io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto) {
    List<Path> files = new ArrayList<>(2);
    collect(proto, files);
    return files.isEmpty() ? Optional.empty() : Optional.of(new FileSecret(slot, proto, files));
  }

  private static void collect(Message message, List<Path> files) {
    if (message instanceof DataSource source) {
      if (source.hasFilename()) {
        files.add(Path.of(source.getFilename()));
      }
      return;
    }
    message
        .getAllFields()
        .forEach(
            (field, value) -> {
              if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                if (value instanceof List<?> list) {
                  list.forEach(each -> collect((Message) each, files));
                } else {
                  collect((Message) value, files);
                }
              }
            });
  }

  boolean isOf(SecretSlot other) {
    return slot.get() == other;
  }

  /** Whether no transport socket has the secret any more. */
  boolean isUnused() {
    return slot.get() == null;
  }

  void readIfChanged(SecretParser parser) {
    SecretSlot target = slot.get();
    List<Stamp> now = stamps();
    if (target == null || now.equals(read)) {
      return;
    }
    read = now;
    ParseScope scope = ParseScope.root(Origin.of(files.getFirst().toString()));
    Optional<Secret> secret = parser.parse(proto, scope);
    if (secret.isPresent() && !scope.out().hasErrors()) {
      if (secret.get().equals(target.get())) {
        return;
      }
      target.put(secret.get());
      LOG.log(System.Logger.Level.INFO, files.getFirst() + ": read again");
    } else {
      scope
          .out()
          .finish(() -> true)
          .errors()
          .forEach(error -> LOG.log(System.Logger.Level.WARNING, error.toString()));
    }
  }

  private List<Stamp> stamps() {
    List<Stamp> stamps = new ArrayList<>(files.size());
    for (Path file : files) {
      stamps.add(stamp(file));
    }
    return stamps;
  }

  private static Stamp stamp(Path file) {
    try {
      BasicFileAttributes found = Files.readAttributes(file, BasicFileAttributes.class);
      Object key = found.fileKey();
      return new Stamp(found.lastModifiedTime(), found.size(), key == null ? "" : key);
    } catch (IOException e) {
      return Stamp.MISSING;
    }
  }
}
