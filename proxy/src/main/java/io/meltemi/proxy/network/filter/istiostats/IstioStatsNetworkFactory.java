package io.meltemi.proxy.network.filter.istiostats;

import com.google.protobuf.Any;
import io.meltemi.proxy.network.NetworkFilterConfig;
import io.meltemi.proxy.network.NetworkFilterFactory;
import io.meltemi.proxy.parse.IstioMessages;
import io.meltemi.proxy.parse.ParseScope;
import java.util.Optional;
import java.util.Set;

/** Takes the configuration of Istio's standard metrics of connections, which are not made yet. */
public final class IstioStatsNetworkFactory implements NetworkFilterFactory {
  @Override
  public String name() {
    return "istio.stats";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/" + IstioMessages.STATS_NAME);
  }

  @Override
  public boolean isTerminal() {
    return false;
  }

  @Override
  public Optional<NetworkFilterConfig> parse(Any config, ParseScope scope) {
    scope.warn(name(), "nothing: istio_tcp_ metrics are not made");
    return Optional.of(connection -> {});
  }
}
