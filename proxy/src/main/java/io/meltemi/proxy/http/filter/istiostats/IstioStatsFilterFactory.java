package io.meltemi.proxy.http.filter.istiostats;

import com.google.protobuf.Any;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.HttpFilterFactory;
import io.meltemi.proxy.parse.IstioMessages;
import io.meltemi.proxy.parse.ParseScope;
import java.util.Optional;
import java.util.Set;

/** Takes the configuration of Istio's standard metrics of requests, which are not made yet. */
public final class IstioStatsFilterFactory implements HttpFilterFactory {
  @Override
  public String name() {
    return "istio.stats";
  }

  @Override
  public Set<String> typeUrls() {
    return Set.of("type.googleapis.com/" + IstioMessages.STATS_NAME);
  }

  @Override
  public Optional<HttpFilterConfig> parse(Any config, ParseScope scope) {
    scope.warn(name(), "nothing: istio_ metrics of requests are not made");
    return Optional.of(IstioStatsFilterFactory::passing);
  }

  private static HttpFilter passing(HttpFilterContext context) {
    return new HttpFilter() {};
  }
}
