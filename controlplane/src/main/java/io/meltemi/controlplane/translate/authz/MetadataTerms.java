package io.meltemi.controlplane.translate.authz;

import io.envoyproxy.envoy.config.rbac.v3.Permission;
import io.envoyproxy.envoy.config.rbac.v3.Principal;
import io.envoyproxy.envoy.type.matcher.v3.ListMatcher;
import io.envoyproxy.envoy.type.matcher.v3.MetadataMatcher;
import io.envoyproxy.envoy.type.matcher.v3.OrMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.matcher.v3.ValueMatcher;
import java.util.List;

/** Terms over dynamic metadata, where filters before the policies leave what they found. */
final class MetadataTerms {
  private static final String TOKENS = "envoy.filters.http.jwt_authn";
  private static final String PAYLOAD = "payload";

  private MetadataTerms() {}

  static MetadataMatcher of(String filter, List<String> path, ValueMatcher value) {
    MetadataMatcher.Builder matcher = MetadataMatcher.newBuilder().setFilter(filter);
    path.forEach(key -> matcher.addPath(MetadataMatcher.PathSegment.newBuilder().setKey(key)));
    return matcher.setValue(value).build();
  }

  /** A claim of the request's token. */
  static MetadataMatcher claim(List<String> path, ValueMatcher value) {
    MetadataMatcher.Builder matcher =
        MetadataMatcher.newBuilder()
            .setFilter(TOKENS)
            .addPath(MetadataMatcher.PathSegment.newBuilder().setKey(PAYLOAD));
    path.forEach(key -> matcher.addPath(MetadataMatcher.PathSegment.newBuilder().setKey(key)));
    return matcher.setValue(value).build();
  }

  @SuppressWarnings("deprecation") // the same field as Istio, for equal output
  static Permission permission(MetadataMatcher matcher) {
    return Permission.newBuilder().setMetadata(matcher).build();
  }

  @SuppressWarnings("deprecation") // the same field as Istio, for equal output
  static Principal principal(MetadataMatcher matcher) {
    return Principal.newBuilder().setMetadata(matcher).build();
  }

  static ValueMatcher text(StringMatcher text) {
    return ValueMatcher.newBuilder().setStringMatch(text).build();
  }

  /** A value, or a list with such a value among others. */
  static ValueMatcher valueOrList(List<String> values) {
    ValueMatcher any = anyOf(values.stream().map(TextForm::of).map(MetadataTerms::text).toList());
    return anyOf(List.of(inList(any), any));
  }

  /** Values as they are written: {@code [value]} is an element of a list. */
  static ValueMatcher values(List<String> values) {
    return anyOf(
        values.stream()
            .map(
                value ->
                    value.startsWith("[") && value.endsWith("]") && value.length() > 2
                        ? inList(text(TextForm.of(value.substring(1, value.length() - 1))))
                        : text(TextForm.of(value)))
            .toList());
  }

  private static ValueMatcher inList(ValueMatcher element) {
    return ValueMatcher.newBuilder()
        .setListMatch(ListMatcher.newBuilder().setOneOf(element))
        .build();
  }

  private static ValueMatcher anyOf(List<ValueMatcher> values) {
    return values.size() == 1
        ? values.getFirst()
        : ValueMatcher.newBuilder()
            .setOrMatch(OrMatcher.newBuilder().addAllValueMatchers(values))
            .build();
  }
}
