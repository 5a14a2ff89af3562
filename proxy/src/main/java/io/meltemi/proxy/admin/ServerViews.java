package io.meltemi.proxy.admin;

import com.google.protobuf.util.Durations;
import io.envoyproxy.envoy.admin.v3.CommandLineOptions;
import io.envoyproxy.envoy.admin.v3.ListenerStatus;
import io.envoyproxy.envoy.admin.v3.Listeners;
import io.envoyproxy.envoy.admin.v3.Memory;
import io.envoyproxy.envoy.admin.v3.ServerInfo;
import io.envoyproxy.envoy.config.core.v3.Address;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.meltemi.proxy.listener.ListenerManager;
import java.net.InetSocketAddress;
import java.util.List;

/** {@code /server_info}, {@code /listeners} and {@code /memory}. */
final class ServerViews {
  private final AdminContext context;

  ServerViews(AdminContext context) {
    this.context = context;
  }

  ServerInfo info() {
    AdminContext.Control control = context.control();
    long uptime = control.uptimeNanos().get();
    return ServerInfo.newBuilder()
        .setVersion(control.version())
        .setState(
            switch (control.state()) {
              case LIVE -> ServerInfo.State.LIVE;
              case DRAINING -> ServerInfo.State.DRAINING;
              case PRE_INITIALIZING -> ServerInfo.State.PRE_INITIALIZING;
              case INITIALIZING -> ServerInfo.State.INITIALIZING;
            })
        .setHotRestartVersion("disabled")
        .setUptimeCurrentEpoch(Durations.fromSeconds(uptime / 1_000_000_000L))
        .setUptimeAllEpochs(Durations.fromSeconds(uptime / 1_000_000_000L))
        .setCommandLineOptions(
            CommandLineOptions.newBuilder()
                .setConcurrency(control.concurrency())
                .setServiceNode(context.bootstrap().node().getId())
                .setServiceCluster(context.bootstrap().node().getCluster()))
        .setNode(context.bootstrap().node())
        .build();
  }

  Memory memory() {
    Runtime runtime = Runtime.getRuntime();
    return Memory.newBuilder()
        .setAllocated(runtime.totalMemory() - runtime.freeMemory())
        .setHeapSize(runtime.totalMemory())
        .setPageheapFree(runtime.freeMemory())
        .build();
  }

  Listeners listeners() {
    Listeners.Builder all = Listeners.newBuilder();
    for (ListenerManager.Status status : context.running().listeners().listeners()) {
      ListenerStatus.Builder one = ListenerStatus.newBuilder().setName(status.listener().name());
      List<InetSocketAddress> addresses = addresses(status);
      one.setLocalAddress(address(addresses.getFirst()));
      addresses.stream().skip(1).forEach(a -> one.addAdditionalLocalAddresses(address(a)));
      all.addListenerStatuses(one);
    }
    return all.build();
  }

  String text() {
    StringBuilder out = new StringBuilder();
    for (ListenerManager.Status status : context.running().listeners().listeners()) {
      for (InetSocketAddress address : addresses(status)) {
        out.append(status.listener().name()).append("::").append(text(address)).append('\n');
      }
    }
    return out.toString();
  }

  private static List<InetSocketAddress> addresses(ListenerManager.Status status) {
    return status.bound().isEmpty() ? status.listener().binding().addresses() : status.bound();
  }

  static String text(InetSocketAddress address) {
    String host = address.getAddress().getHostAddress();
    return (host.indexOf(':') >= 0 ? "[" + host + "]" : host) + ":" + address.getPort();
  }

  static Address address(InetSocketAddress address) {
    return Address.newBuilder()
        .setSocketAddress(
            SocketAddress.newBuilder()
                .setAddress(address.getAddress().getHostAddress())
                .setPortValue(address.getPort()))
        .build();
  }
}
