package io.meltemi.proxy.snapshot;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.meltemi.common.time.TaskLoop;
import io.meltemi.common.validation.Validation;
import io.meltemi.xds.client.ReceivedResource;
import io.meltemi.xds.client.ResourceUpdate;
import io.meltemi.xds.client.ResourceWatcher;
import io.meltemi.xds.client.UpdateResult;
import io.meltemi.xds.resource.ResourceNames;
import io.meltemi.xds.resource.TypeUrl;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * Resources of one type from a file ({@code path_config_source}), read again when it changes. Polls
 * once a second on the configuration loop, because that works on every file system.
 *
 * <p>Differs from Envoy: a file that is written in place is read as well, not only one that is
 * moved there.
 */
public final class PathSource implements AutoCloseable {
  private static final Duration INTERVAL = Duration.ofSeconds(1);
  private static final long BYTES_MAX = 64 << 20;
  private final TypeUrl type;
  private final Path path;
  private final BiFunction<String, Path, Validation<DiscoveryResponse>> reader;
  private final ResourceWatcher watcher;
  private final TaskLoop loop;
  private final System.Logger log;
  private Set<String> names = new HashSet<>();
  private String last = "";
  private TaskLoop.@Nullable Scheduled next;
  private boolean closed;

  /**
   * @param reader text and its path to the message
   */
  public PathSource(
      TypeUrl type,
      Path path,
      BiFunction<String, Path, Validation<DiscoveryResponse>> reader,
      ResourceWatcher watcher,
      TaskLoop loop,
      System.Logger log) {
    this.type = type;
    this.path = path;
    this.reader = reader;
    this.watcher = watcher;
    this.loop = loop;
    this.log = log;
  }

  /** Reads the file, and again whenever it changes. On the loop. */
  public void start() {
    poll();
  }

  private void poll() {
    if (closed) {
      return;
    }
    try {
      if (Files.size(path) <= BYTES_MAX) {
        String text = Files.readString(path);
        if (!text.equals(last)) {
          last = text;
          apply(text);
        }
      }
    } catch (IOException e) {
      log.log(System.Logger.Level.WARNING, path + ": " + e);
    }
    next = loop.schedule(this::poll, INTERVAL);
  }

  private void apply(String text) {
    Validation<DiscoveryResponse> read = reader.apply(text, path);
    if (!(read instanceof Validation.Valid<DiscoveryResponse> valid)) {
      read.errors().forEach(error -> log.log(System.Logger.Level.ERROR, error.toString()));
      return;
    }
    DiscoveryResponse response = valid.value();
    List<ReceivedResource> upserts = new ArrayList<>();
    Set<String> now = new HashSet<>();
    for (Any body : response.getResourcesList()) {
      if (!body.getTypeUrl().equals(type.url())) {
        log.log(
            System.Logger.Level.ERROR,
            path + ": found " + body.getTypeUrl() + " (expected: " + type.url() + ")");
        return;
      }
      String name = ResourceNames.read(body.getValue()).orElse("");
      now.add(name);
      upserts.add(new ReceivedResource(name, response.getVersionInfo(), body));
    }
    List<String> removals = names.stream().filter(name -> !now.contains(name)).toList();
    names = now;
    UpdateResult result =
        watcher.onUpdate(new ResourceUpdate(type, response.getVersionInfo(), upserts, removals));
    if (result instanceof UpdateResult.Rejected rejected) {
      rejected
          .rejections()
          .forEach(
              rejection ->
                  log.log(
                      System.Logger.Level.ERROR,
                      path + ": " + rejection.name() + ": " + rejection.message()));
    }
  }

  @Override
  public void close() {
    loop.execute(
        () -> {
          closed = true;
          if (next != null) {
            next.cancel();
          }
        });
  }
}
