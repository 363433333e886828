// SPDX-FileCopyrightText: The pare authors
// SPDX-License-Identifier: Apache-2.0
#include "quant/tool/candidate_file.h"

#include "base/file.h"
#include "quant/tool/params.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCHEMA "pare.config/1"

const char *candidate_file_kind(const struct net *n, int i)
{
    const struct net_op *op = &n->ops[n->layers[i].op];
    return net_is_depthwise(n, op) ? "depthwise" : net_kind_name(op->kind);
}

const char *candidate_file_name(const struct net *n, int i)
{
    return n->ops[n->layers[i].op].name;
}

static int check_network(const cJSON *o, const uint8_t network_sha256[SHA256_BYTES], struct error *e)
{
    const char *schema = params_text(o, "schema");
    if (!schema || strcmp(schema, SCHEMA))
        return error_set(e, "'schema' is '%.40s', this program reads " SCHEMA, schema ? schema : "missing");
    const char *hex = params_text(params_member(o, "network"), "sha256");
    uint8_t sha256[SHA256_BYTES];
    if (!hex || !network_sha256)
        return 0;
    if (sha256_parse(hex, sha256))
        return error_set(e, "'network.sha256' is not a SHA-256");
    return memcmp(sha256, network_sha256, sizeof sha256)
               ? error_set(e, "it is a configuration of another network")
               : 0;
}

static int width_of(const cJSON *layer, const char *key, uint8_t *bits, struct error *e)
{
    int64_t value = 0;
    const cJSON *member = params_member(layer, key);
    if (!cJSON_IsNumber(member))
        return error_set(e, "'%s' is not a number", key);
    if (params_integer(layer, key, 1, 32, 0, &value, e))
        return -1;
    *bits = (uint8_t)value;
    return 0;
}

static int setting_of(const cJSON *layer, struct setting *s, struct error *e)
{
    const char *name = params_text(layer, "scheme");
    int scheme = 0;
    while (scheme < SCHEME_COUNT && (!name || strcmp(name, scheme_name((enum scheme)scheme))))
        scheme++;
    if (scheme == SCHEME_COUNT)
        return error_set(e, "there is no scheme '%.40s'", name ? name : "");
    s->scheme = (uint8_t)scheme;
    if (width_of(layer, "w_bits", &s->w_bits, e) || width_of(layer, "a_bits", &s->a_bits, e))
        return -1;
    bool is_float = scheme == SCHEME_FLOAT32;
    if (is_float ? s->w_bits != 32 || s->a_bits != 32 : s->w_bits > 16 || s->a_bits > 16)
        return error_set(e, "w%ua%u does not go with the scheme %s", s->w_bits, s->a_bits, name);
    return 0;
}

static int read_layer(const cJSON *layer, const struct net *n, int i, struct candidate *c, bool *known,
                      struct error *e)
{
    struct setting s;
    const char *name = params_text(layer, "name");
    int slot = n->layers[i].slot;
    if (!name || strcmp(name, candidate_file_name(n, i)))
        return error_set(e, "layer %d is '%.60s', the network's is '%s'", i, name ? name : "",
                         candidate_file_name(n, i));
    if (setting_of(layer, &s, e))
        return error_wrap(e, "layer '%s'", name);
    if (known[slot] && !setting_equal(s, c->layers[slot]))
        return error_set(
            e,
            "layer '%s' differs from a layer whose output meets its own in an addition: they must be alike",
            name);
    c->layers[slot] = s;
    known[slot] = true;
    return 0;
}

static int read_config(const cJSON *o, const struct net *n, const uint8_t network_sha256[SHA256_BYTES],
                       struct candidate *c, struct error *e)
{
    bool known[CANDIDATE_LAYERS_MAX] = {false};
    const cJSON *layers = params_member(o, "layers");
    if (check_network(o, network_sha256, e))
        return -1;
    if (!cJSON_IsArray(layers) || cJSON_GetArraySize(layers) != n->n_layers)
        return error_set(e, "it has %d layers, the network %d", cJSON_GetArraySize(layers), n->n_layers);
    c->n = n->n_slots;
    const cJSON *layer = layers->child;
    for (int i = 0; i < n->n_layers; i++, layer = layer->next)
        if (read_layer(layer, n, i, c, known, e))
            return -1;
    return 0;
}

/* "given": what the network's file has itself. */
static int parse_given(const struct net *n, struct candidate *c, struct error *e)
{
    c->n = n->n_slots;
    for (int slot = 0; slot < n->n_slots; slot++)
        if (!net_given_setting(n, slot, &c->layers[slot]))
            return error_set(e, "given: the network's file has no integer weights for slot %d, or not of one width", slot);
    return 0;
}

/* Settings separated by any white space. */
static int parse_text(const char *text, const struct net *n, struct candidate *c, struct error *e)
{
    if (!strcmp(text, "given"))
        return parse_given(n, c, e);
    char *copy = strdup(text);
    if (!copy)
        return error_set(e, "out of memory");
    char *to = copy;
    for (const char *from = text; *from; from++)
        if (!isspace((unsigned char)*from) || (to > copy && to[-1] != ' '))
            *to++ = isspace((unsigned char)*from) ? ' ' : *from;
    *to = 0;
    int rc = candidate_parse(copy, n->n_slots, c, e);
    free(copy);
    return rc;
}

int candidate_file_parse(const char *text, const struct net *n, const uint8_t network_sha256[SHA256_BYTES],
                         struct candidate *c, struct error *e)
{
    if (text[strspn(text, " \t\r\n")] != '{')
        return parse_text(text, n, c, e);
    cJSON *o = cJSON_Parse(text);
    int rc = o ? read_config(o, n, network_sha256, c, e) : error_set(e, "it is not JSON");
    cJSON_Delete(o);
    return rc;
}

int candidate_file_read(const char *argument, const struct net *n, const uint8_t network_sha256[SHA256_BYTES],
                        struct candidate *c, struct error *e)
{
    char *text;
    size_t size;
    if (access(argument, F_OK)) // no file: settings, or a slip of the pen in either
        return parse_text(argument, n, c, e) ? error_wrap(e, "there is no such file, and") : 0;
    if (file_read(argument, CANDIDATE_FILE_MAX, &text, &size, e))
        return -1;
    int rc = strlen(text) == size ? candidate_file_parse(text, n, network_sha256, c, e)
                                  : error_set(e, "it is not a text");
    free(text);
    return rc ? error_wrap(e, "%s", argument) : 0;
}

static cJSON *layer_json(const struct net *n, const struct candidate *c, int i)
{
    cJSON *o = cJSON_CreateObject();
    int slot = n->layers[i].slot;
    struct setting s = c->layers[slot];
    cJSON_AddStringToObject(o, "name", candidate_file_name(n, i));
    cJSON_AddStringToObject(o, "kind", candidate_file_kind(n, i));
    cJSON_AddNumberToObject(o, "w_bits", s.w_bits);
    cJSON_AddNumberToObject(o, "a_bits", s.a_bits);
    cJSON_AddStringToObject(o, "scheme", scheme_name((enum scheme)s.scheme));
    cJSON_AddNumberToObject(o, "slot", slot);
    return o;
}

cJSON *candidate_file_config(const struct net *n, const struct candidate *c, const char *version,
                             const char *network_path, const uint8_t network_sha256[SHA256_BYTES],
                             const cJSON *figures, const cJSON *provenance)
{
    char text[CANDIDATE_TEXT_MAX], hex[SHA256_HEX];
    const char *slash = strrchr(network_path, '/');
    cJSON *o = cJSON_CreateObject();
    cJSON_AddStringToObject(o, "schema", SCHEMA);
    cJSON *tool = cJSON_AddObjectToObject(o, "tool");
    cJSON_AddStringToObject(tool, "name", "pare");
    cJSON_AddStringToObject(tool, "version", version);
    cJSON *network = cJSON_AddObjectToObject(o, "network");
    cJSON_AddStringToObject(network, "file", slash ? slash + 1 : network_path);
    cJSON_AddStringToObject(network, "sha256", sha256_hex(network_sha256, hex));
    candidate_format(c, text, sizeof text);
    cJSON_AddStringToObject(o, "candidate", text);
    cJSON *layers = cJSON_AddArrayToObject(o, "layers");
    for (int i = 0; i < n->n_layers; i++)
        cJSON_AddItemToArray(layers, layer_json(n, c, i));
    cJSON_AddItemToObject(o, "figures", figures ? cJSON_Duplicate(figures, true) : cJSON_CreateArray());
    cJSON_AddItemToObject(o, "provenance",
                          provenance ? cJSON_Duplicate(provenance, true) : cJSON_CreateObject());
    return o;
}
