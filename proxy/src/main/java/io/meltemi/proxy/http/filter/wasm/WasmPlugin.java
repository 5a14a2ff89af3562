package io.meltemi.proxy.http.filter.wasm;

import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.loop.LoopContext;
import io.netty.channel.EventLoop;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * One configured module: a machine on each event loop, made when the configuration is put in force.
 *
 * <p>Differs from Envoy: a machine serves one configuration, also where others have the same {@code
 * vm_id} and code; what they share is the shared data.
 */
final class WasmPlugin implements HttpFilterConfig {
  private static final System.Logger LOG = System.getLogger(WasmPlugin.class.getName());

  private final PluginSettings settings;
  private final WasmCode code;
  private final WasmTools tools;
  private final ConcurrentHashMap<EventLoop, Slot> slots = new ConcurrentHashMap<>();
  private volatile boolean closed;

  /** The machine of one loop. */
  final class Slot {
    private final LoopContext loop;
    private @Nullable WasmVm vm;
    private boolean started;
    private long againAtNanos;

    Slot(LoopContext loop) {
      this.loop = loop;
    }

    /** The machine that runs; null when there is none. */
    @Nullable WasmVm vm() {
      WasmVm present = vm;
      if (present != null && !present.isFailed()) {
        return present;
      }
      if (present != null) {
        vm = null;
        againAtNanos = loop.nanos() + settings.failure().reloadNanos();
      }
      if (started
          && (settings.failure().policy() != PluginSettings.Policy.RELOAD
              || loop.nanos() - againAtNanos < 0)) {
        return null;
      }
      return start();
    }

    private @Nullable WasmVm start() {
      started = true;
      try {
        vm = new WasmVm(WasmPlugin.this, loop);
      } catch (WasmException e) {
        LOG.log(
            System.Logger.Level.ERROR, "wasm " + settings.names().plugin() + ": " + e.getMessage());
        againAtNanos = loop.nanos() + settings.failure().reloadNanos();
      }
      return vm;
    }

    private void retire() {
      WasmVm present = vm;
      if (present != null && !present.isFailed()) {
        present.retire();
      }
    }
  }

  WasmPlugin(PluginSettings settings, WasmCode code, WasmTools tools) {
    this.settings = settings;
    this.code = code;
    this.tools = tools;
  }

  PluginSettings settings() {
    return settings;
  }

  WasmCode code() {
    return code;
  }

  WasmTools tools() {
    return tools;
  }

  Slot slot(LoopContext loop) {
    return slots.computeIfAbsent(loop.eventLoop(), _ -> new Slot(loop));
  }

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new WasmFilter(this, slot(context.loop()), context);
  }

  @Override
  public void hold() {
    for (LoopContext loop : tools.host().loops().get()) {
      loop.eventLoop()
          .execute(
              () -> {
                if (!closed) {
                  slot(loop).vm();
                }
              });
    }
  }

  @Override
  public void close() {
    closed = true;
    slots.forEach((loop, slot) -> loop.execute(slot::retire));
  }
}
