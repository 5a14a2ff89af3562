package io.meltemi.controlplane.translate;

import com.google.protobuf.BoolValue;
import com.google.protobuf.Duration;
import com.google.protobuf.Message;
import com.google.protobuf.Struct;
import com.google.protobuf.UInt32Value;
import com.google.protobuf.Value;
import io.envoyproxy.envoy.config.core.v3.Metadata;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.type.matcher.v3.RegexMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.v3.FractionalPercent;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.traffic.StringMatch;
import java.util.Locale;

/** Plain values in the form that Envoy's messages want them. */
public final class ProtoValues {
  /** A share of 100% is 10 000 times 100 millionths. */
  private static final int MILLIONTHS_PER_PERCENT = 10_000;

  private ProtoValues() {}

  public static final BoolValue TRUE = BoolValue.of(true);
  public static final BoolValue FALSE = BoolValue.of(false);

  public static Duration duration(java.time.Duration value) {
    return Duration.newBuilder().setSeconds(value.getSeconds()).setNanos(value.getNano()).build();
  }

  public static UInt32Value uint32(int value) {
    return UInt32Value.of(value);
  }

  /** A percentage with Istio's precision, in millionths. */
  public static FractionalPercent percent(double value) {
    return FractionalPercent.newBuilder()
        .setNumerator((int) (value * MILLIONTHS_PER_PERCENT))
        .setDenominator(FractionalPercent.DenominatorType.MILLION)
        .build();
  }

  public static TypedExtensionConfig extension(String name, Message config) {
    return TypedExtensionConfig.newBuilder()
        .setName(name)
        .setTypedConfig(com.google.protobuf.Any.pack(config))
        .build();
  }

  /** A string matcher; presence, which Envoy expresses elsewhere, becomes an expression. */
  public static StringMatcher stringMatcher(StringMatch match) {
    StringMatcher.Builder matcher = StringMatcher.newBuilder();
    return switch (match) {
      case StringMatch.Exact(String value) -> matcher.setExact(value).build();
      case StringMatch.Prefix(String value) -> matcher.setPrefix(value).build();
      case StringMatch.Regex(String value) -> matcher.setSafeRegex(regex(value)).build();
      case StringMatch.Present() -> matcher.setSafeRegex(regex(".*")).build();
    };
  }

  public static RegexMatcher regex(String expression) {
    return RegexMatcher.newBuilder().setRegex(expression).build();
  }

  /**
   * Metadata that names the resource a message was made from, as Istio writes it: {@code
   * filter_metadata.istio.config = /apis/GROUP/VERSION/namespaces/NAMESPACE/KIND/NAME}.
   */
  public static Metadata configMetadata(Resource<?> resource) {
    return Metadata.newBuilder()
        .putFilterMetadata(
            "istio",
            Struct.newBuilder()
                .putFields(
                    "config", Value.newBuilder().setStringValue(configPath(resource)).build())
                .build())
        .build();
  }

  /** {@code /apis/GROUP/VERSION/namespaces/NAMESPACE/KIND/NAME}. */
  public static String configPath(Resource<?> resource) {
    return "/apis/"
        + resource.kind().apiVersion()
        + "/namespaces/"
        + resource.namespace()
        + "/"
        + kebab(resource.kind().kind())
        + "/"
        + resource.name();
  }

  private static String kebab(String camel) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < camel.length(); i++) {
      if (i > 0 && Character.isUpperCase(camel.charAt(i))) {
        text.append('-');
      }
      text.append(camel.charAt(i));
    }
    return text.toString().toLowerCase(Locale.ROOT);
  }
}
