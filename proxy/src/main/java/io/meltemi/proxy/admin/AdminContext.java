package io.meltemi.proxy.admin;

import com.google.protobuf.TypeRegistry;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.bootstrap.BootstrapConfig;
import io.meltemi.proxy.cluster.ClusterManager;
import io.meltemi.proxy.listener.ListenerManager;
import io.meltemi.proxy.snapshot.ResourceTable;
import io.meltemi.proxy.snapshot.SnapshotAssembler;
import io.meltemi.proxy.telemetry.Stats;
import java.util.function.Supplier;

/**
 * What the admin interface shows and may do.
 *
 * @param types of every message that may stand in an {@code Any}; asked for at the first dump,
 *     because making it loads many classes
 */
public record AdminContext(
    BootstrapConfig bootstrap,
    Running running,
    Stats stats,
    Control control,
    Supplier<TypeRegistry> types,
    Ticker ticker) {

  /** The configuration in force. */
  public record Running(
      ResourceTable resources,
      ClusterManager clusters,
      ListenerManager listeners,
      SnapshotAssembler assembler) {}

  /** The life of the proxy. */
  public interface Control {
    ServerState state();

    /** Fails or mends {@code /ready}. */
    void failHealthCheck(boolean failing);

    /**
     * Stops to accept.
     *
     * @param graceful whether connections may finish
     */
    void drainListeners(boolean inboundOnly, boolean graceful);

    /** Ends the proxy after the reply is sent. */
    void quit();

    /** How long the proxy has been running, in nanoseconds. */
    Supplier<Long> uptimeNanos();

    /** As {@code ServerInfo.version}. */
    String version();

    int concurrency();
  }
}
