/**
 * The {@code tls_inspector} listener filter: tells TLS from plain text and reads server name and
 * protocols of a client hello (RFC 8446 section 4.1.2). Event loop of the connection.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.listener.filter.tlsinspector;
