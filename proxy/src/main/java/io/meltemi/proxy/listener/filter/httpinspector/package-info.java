/**
 * The {@code http_inspector} listener filter: tells HTTP/1.0, HTTP/1.1 and the HTTP/2 preface from
 * other plain text. Event loop of the connection.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.listener.filter.httpinspector;
