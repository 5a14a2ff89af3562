package io.meltemi.proxy;

import com.google.protobuf.InvalidProtocolBufferException;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.validation.Origin;
import io.meltemi.proxy.parse.ParseScope;
import io.meltemi.proxy.snapshot.PathSource;
import io.meltemi.proxy.transport.Secrets;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.client.ResourceUpdate;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.client.UpdateResult;
import io.meltemi.xds.resource.TypeUrl;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Follows what secrets are in. On the configuration loop; {@link #close} on any thread. */
final class SecretFiles implements Secrets.FileFollower, AutoCloseable {
  private static final Duration INTERVAL = Duration.ofSeconds(1);

  private final Secrets secrets;
  private final ConfigFiles files;
  private final TaskLoop configLoop;
  private final List<PathSource> sources = new CopyOnWriteArrayList<>();
  private TaskLoop.@Nullable Scheduled next;
  private boolean closed;

  SecretFiles(Secrets secrets, ConfigFiles files, TaskLoop configLoop) {
    this.secrets = secrets;
    this.files = files;
    this.configLoop = configLoop;
  }

  @Override
  public void open(String path) {
    PathSource source = files.open(TypeUrl.SECRET, Path.of(path), new SecretFile(secrets, path));
    sources.add(source);
    source.start();
  }

  @Override
  public void poll() {
    configLoop.execute(this::schedule);
  }

  private void schedule() {
    if (!closed) {
      next = configLoop.schedule(this::readChanged, INTERVAL);
    }
  }

  private void readChanged() {
    secrets.readChanged();
    schedule();
  }

  @Override
  public void close() {
    sources.forEach(PathSource::close);
    configLoop.execute(
        () -> {
          closed = true;
          if (next != null) {
            next.cancel();
          }
        });
  }

  /** What a file of secrets says. */
  private record SecretFile(Secrets secrets, String path) implements ResourceWatcher {
    @Override
    public UpdateResult onUpdate(ResourceUpdate update) {
      List<UpdateResult.Rejection> rejections = new ArrayList<>();
      for (ReceivedResource received : update.upserts()) {
        ParseScope scope = ParseScope.root(Origin.of(path));
        try {
          secrets.deliver(path, Secret.parseFrom(received.body().getValue()), scope);
        } catch (InvalidProtocolBufferException e) {
          scope.error(received.name(), "a secret: " + e.getMessage());
        }
        scope
            .out()
            .finish(() -> true)
            .errors()
            .forEach(
                error ->
                    rejections.add(new UpdateResult.Rejection(received.name(), error.toString())));
      }
      return UpdateResult.of(rejections);
    }

    @Override
    public void onFetchTimeout(TypeUrl type, Set<String> names) {}
  }
}
