package io.meltemi.proxy.http.filter.wasm;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.loop.LoopContext;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A module whose code a server has. It is fetched when the configuration is put in force, for which
 * its listener waits; when it does not come, requests are dealt with as when a module fails.
 */
final class RemotePlugin implements HttpFilterConfig {
  private final RemoteCode.Source source;
  private final PluginSettings settings;
  private final WasmFilterFactory.Host host;
  private final Function<ByteString, Optional<WasmPlugin>> loader;
  private volatile @Nullable WasmPlugin plugin;
  private volatile boolean answered;
  private boolean closed;
  private @Nullable RemoteCode fetch;
  private @Nullable LoopContext loop;

  /**
   * @param loader the module of the code, empty when it is not there or none; on the configuration
   *     thread
   */
  RemotePlugin(
      RemoteCode.Source source,
      PluginSettings settings,
      WasmFilterFactory.Host host,
      Function<ByteString, Optional<WasmPlugin>> loader) {
    this.source = source;
    this.settings = settings;
    this.host = host;
    this.loader = loader;
  }

  /** Null while the code has not come. */
  @Nullable WasmPlugin plugin() {
    return plugin;
  }

  PluginSettings settings() {
    return settings;
  }

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new RemoteFilter(this, context);
  }

  /**
   * Takes code that is there already.
   *
   * @param known made of it
   */
  void ready(WasmPlugin known) {
    plugin = known;
    answered = true;
  }

  @Override
  public void hold() {
    WasmPlugin known = plugin;
    if (known != null) {
      known.hold();
      return;
    }
    LoopContext chosen = host.loops().get().getFirst();
    RemoteCode begun =
        new RemoteCode(
            host.client(),
            chosen,
            source,
            code -> host.configuration().execute(() -> onCode(code)));
    loop = chosen;
    fetch = begun;
    chosen.eventLoop().execute(begun::attempt);
  }

  private void onCode(ByteString code) {
    fetch = null;
    if (closed) {
      return;
    }
    loader
        .apply(code)
        .ifPresent(
            made -> {
              plugin = made;
              made.hold();
            });
    answered = true;
    host.changed().run();
  }

  @Override
  public boolean isWaiting() {
    return !answered;
  }

  @Override
  public void close() {
    closed = true;
    RemoteCode open = fetch;
    LoopContext on = loop;
    if (open != null && on != null) {
      on.eventLoop().execute(open::cancel);
    }
    WasmPlugin known = plugin;
    if (known != null) {
      known.close();
    }
  }
}
