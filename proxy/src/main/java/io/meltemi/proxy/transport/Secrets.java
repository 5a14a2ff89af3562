package io.meltemi.proxy.transport;

import io.meltemi.proxy.parse.ParseScope;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * The named secrets of one proxy: those of the bootstrap, those of files that are read again when
 * they change, and those that servers deliver. Configuration thread; what it hands out is safe for
 * any.
 */
public final class Secrets {
  private final SecretParser parser = new SecretParser();
  private final Map<String, SecretSlot> written = new TreeMap<>();
  private final Map<String, Map<String, SecretSlot>> files = new TreeMap<>();
  private final Map<
          String, Map<String, io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret>>
      unclaimed = new TreeMap<>();
  private final List<FileSecret> inFiles = new ArrayList<>();
  private final RemoteSecrets remote = new RemoteSecrets(this);
  private FileFollower follower = new NoFiles();
  private boolean polled;

  private final List<LooseUse> loose = new ArrayList<>();

  /** A secret of a server that is dropped when nothing keeps the use of it. */
  private record LooseUse(RemoteSecret remote, WeakReference<GenericSecret> user) {}

  /** Follows files on the configuration thread. */
  public interface FileFollower {
    /** A file's secrets are to be given to {@link #deliver}, now and whenever it changes. */
    void open(String path);

    /** {@link #readChanged} is to be called every second from now on; asked for once. */
    void poll();
  }

  /** Where nothing follows files, secrets stay what they were when they were parsed. */
  private static final class NoFiles implements FileFollower {
    @Override
    public void open(String path) {
      throw new IllegalStateException("no files are read here: " + path);
    }

    @Override
    public void poll() {}
  }

  /** Sets what follows files; once, before anything is parsed. */
  public void followFilesWith(FileFollower newFollower) {
    follower = newFollower;
  }

  /** Takes the secrets of a bootstrap ({@code static_resources.secrets}). */
  public void load(
      List<io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret> protos,
      ParseScope scope) {
    for (int i = 0; i < protos.size(); i++) {
      var proto = protos.get(i);
      ParseScope at = scope.field("secrets", i);
      if (proto.getName().isEmpty()) {
        at.field("name").error("\"\"", "a name");
      }
      Optional<Secret> secret = parser.parse(proto, at);
      if (secret.isPresent()
          && written.put(proto.getName(), slot(proto.getName(), secret.get(), proto)) != null) {
        at.field("name").error(proto.getName(), "a name that no other secret has");
      }
    }
  }

  private SecretSlot slot(
      String name,
      Secret secret,
      io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto) {
    SecretSlot slot = new SecretSlot(name, secret.getClass());
    slot.put(secret);
    follow(slot, proto);
    return slot;
  }

  /**
   * A slot of a secret that is written where it is used.
   *
   * @param proto that it was parsed from
   */
  SecretSlot inPlace(
      Secret secret, io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto) {
    return slot("", secret, proto);
  }

  void follow(
      SecretSlot slot, io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto) {
    inFiles.removeIf(each -> each.isOf(slot));
    FileSecret.of(slot, proto)
        .ifPresent(
            secret -> {
              inFiles.add(secret);
              poll();
            });
  }

  private void poll() {
    if (!polled) {
      polled = true;
      follower.poll();
    }
  }

  /** Drops what is held for a secret of a server once its use is garbage. */
  void dropWhenUnused(RemoteSecret remote, GenericSecret user) {
    loose.add(new LooseUse(remote, new WeakReference<>(user)));
    poll();
  }

  /** Reads the secrets again whose files have changed, and drops those that nobody uses. */
  public void readChanged() {
    loose.removeIf(
        use -> {
          boolean unused = use.user().get() == null;
          if (unused) {
            remote.drop(use.remote());
          }
          return unused;
        });
    inFiles.removeIf(FileSecret::isUnused);
    inFiles.forEach(each -> each.readIfChanged(parser));
  }

  /**
   * Takes a secret of a file; kept as it is until something asks for it.
   *
   * @param scope takes what is wrong with it; then what was there stays
   */
  public void deliver(
      String path,
      io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret proto,
      ParseScope scope) {
    SecretSlot slot = files.getOrDefault(path, Map.of()).get(proto.getName());
    if (slot == null) {
      unclaimed.computeIfAbsent(path, _ -> new TreeMap<>()).put(proto.getName(), proto);
      return;
    }
    Optional<Secret> secret = parser.parse(proto, scope);
    if (secret.isEmpty()) {
      return;
    }
    if (slot.put(secret.get())) {
      follow(slot, proto);
    } else {
      scope.error(proto.getTypeCase().name(), "a secret of the kind that is used under this name");
    }
  }

  /** The slot of a secret of the bootstrap; empty when it has no such secret. */
  Optional<SecretSlot> written(String name) {
    return Optional.ofNullable(written.get(name));
  }

  /** The slot of a secret of a file, which is followed from now on. */
  SecretSlot inFile(String path, String name, Class<? extends Secret> kind, ParseScope scope) {
    boolean known = files.containsKey(path);
    SecretSlot slot =
        files
            .computeIfAbsent(path, _ -> new TreeMap<>())
            .computeIfAbsent(name, _ -> new SecretSlot(name, kind));
    if (!known) {
      follower.open(path);
    }
    var waiting = unclaimed.computeIfAbsent(path, _ -> new TreeMap<>()).remove(name);
    if (waiting != null) {
      deliver(path, waiting, scope);
    }
    return slot;
  }

  /** Those that servers deliver. */
  public RemoteSecrets remote() {
    return remote;
  }

  SecretParser parser() {
    return parser;
  }
}
