/**
 * The OAuth2 filter: sends who is not signed in to an authorization server, exchanges the code that
 * comes back for tokens and keeps these in cookies that nobody else can make. Event loop of the
 * stream. Implements Envoy's {@code oauth2.v3.OAuth2} and {@code OAuth2PerRoute}; see <a
 * href="https://www.rfc-editor.org/rfc/rfc6749">RFC 6749</a> and <a
 * href="https://www.rfc-editor.org/rfc/rfc7636">RFC 7636</a>.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.oauth2;
