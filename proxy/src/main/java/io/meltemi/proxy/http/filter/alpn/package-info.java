/** {@code istio.alpn}: what is offered to servers tells them of the caller's protocol. */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.alpn;
