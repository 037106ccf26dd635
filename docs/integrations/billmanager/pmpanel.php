#!/usr/bin/php
<?php

declare(strict_types=1);

/**
 * A registrar module for BILLmanager: processing/pmpanel.php, with client.php beside it. See README.md.
 * BILLmanager runs it with --command and what that is about, and reads XML from its output.
 */

require_once __DIR__ . '/client.php';

/** service_status of a domain in BILLmanager. */
const DELEGATED = 2, NOT_DELEGATED = 3, NOT_REGISTERED = 4, REGISTERING = 5, TRANSFERRING = 6, RENEWING = 7;

exit(main(array_slice($argv, 1)));

function main(array $words): int
{
    $options = [];
    for ($i = 0; $i + 1 < count($words); $i += 2) {
        $options[ltrim($words[$i], '-')] = $words[$i + 1];
    }
    $command = $options['command'] ?? '';
    $item = (int) ($options['item'] ?? 0);
    $operation = (int) ($options['runningoperation'] ?? 0);
    try {
        echo match ($command) {
            'features' => features(),
            'check_connection' => checkConnection(),
            'get_contact_type' => document('<contact_type>owner</contact_type>', 'ns="require" auth_code="require"'),
            'open' => acquire($item, 'register'),
            'transfer' => acquire($item, 'transfer'),
            'prolong' => prolong($item, $operation),
            'update_ns' => updateNameservers($item),
            'sync_item' => synchronise($item),
            'close' => close($item),
            'suspend', 'resume', 'setparam' => finish("service.post$command", $item), // the registry knows nothing of these
            default => throw new PanelError("there is no command $command", 'INVALID'),
        };
    } catch (PanelError $e) {
        echo refused($e, $command, $item, $operation);
    }
    return 0;
}

function features(): string
{
    $commands = ['check_connection', 'open', 'transfer', 'prolong', 'update_ns', 'sync_item', 'close', 'suspend', 'resume', 'setparam', 'get_contact_type'];
    $features = array_map(static fn ($name) => "<feature name=\"$name\"/>", $commands);
    return document('<itemtypes><itemtype name="domain"/></itemtypes>'
        . '<params><param name="url"/><param name="token" crypted="yes"/><param name="name"/><param name="language"/></params>'
        . '<features>' . implode('', $features) . '</features>');
}

/** The settings as they are being typed are on the input. */
function checkConnection(): string
{
    $typed = simplexml_load_string((string) stream_get_contents(STDIN));
    panel($typed->processingmodule ?? throw new PanelError('the settings are not on the input', 'INVALID'))->get('/status');
    return document();
}

/** Registers or transfers. Its item names the order: BILLmanager may run this as often as it likes. */
function acquire(int $item, string $kind): string
{
    $service = service($item);
    $settings = settings($service);
    $panel = panel($settings);
    [$registrant, $known] = profile((string) $service->service_profile_owner);
    $domain = oneYear($service);
    $panel->order("i$item", $kind, [
        'kind' => $kind,
        'domain' => $domain,
        'customer' => ((string) $settings->name ?: 'bill') . '-' . $service->account,
        'contact' => $panel->contact(explode('.', $domain, 2)[1], $kind, $registrant, $known),
    ] + ($kind === 'register' ? ['nameservers' => nameservers($service)] : ['auth_code' => (string) $service->auth_code])); // a transfer leaves the nameservers

    billmanager('domain.open', ['elid' => $item, 'sok' => 'ok']);
    billmanager('service.setstatus', ['elid' => $item, 'service_status' => $kind === 'register' ? REGISTERING : TRANSFERRING]);
    return document();
}

/** One running operation is one year that was paid for, so it names the renewal; what it starts from is kept with it. */
function prolong(int $item, int $operation): string
{
    $service = service($item);
    $panel = panel(settings($service));
    $domain = oneYear($service);
    if ($operation === 0) {
        throw new PanelError('it is renewed by a running operation of BILLmanager only, for that names the year', 'INVALID');
    }
    $wish = "renew-op$operation";
    $from = $panel->find('/orders/' . $panel->id("i$item", $wish))['paid_till'] ?? known($panel, $domain)['paid_till'];
    $panel->order("i$item", $wish, ['kind' => 'renew', 'domain' => $domain, 'paid_till' => (string) $from]);

    billmanager('service.setstatus', ['elid' => $item, 'service_status' => RENEWING]);
    return finish('service.postprolong', $item);
}

function updateNameservers(int $item): string
{
    $service = service($item);
    panel(settings($service))->update("i$item", ['domain' => (string) $service->domain, 'nameservers' => nameservers($service)]);
    return finish('service.postupdatens', $item);
}

/** Tells BILLmanager how the domain stands. */
function synchronise(int $item): string
{
    $service = service($item);
    $domain = known(panel(settings($service)), (string) $service->domain);
    $status = match (true) {
        $domain['status'] === 'Registering' => REGISTERING,
        $domain['status'] === 'Transferring' => TRANSFERRING,
        in_array($domain['status'], ['Error', 'Deleted', 'TransferredAway'], true) => NOT_REGISTERED,
        ($domain['operation']['kind'] ?? '') === 'renew' => RENEWING,
        default => $domain['nameservers'] ? DELEGATED : NOT_DELEGATED,
    };
    billmanager('service.setstatus', ['elid' => $item, 'service_status' => $status]);
    if ($domain['paid_till'] && $status !== NOT_REGISTERED) {
        billmanager('service.setexpiredate', ['elid' => $item, 'expiredate' => $domain['paid_till']]);
    }
    if ($domain['outcome'] === 'failed') {
        throw new PanelError("{$domain['unicode']}: " . ($domain['reason'] ?? 'the last order has failed'), 'FAILED');
    }
    return document();
}

/** A closed service is not renewed any more; nothing can be deleted in the registry. */
function close(int $item): string
{
    $service = service($item);
    try {
        panel(settings($service))->post('/domains/' . rawurlencode((string) $service->domain) . '/renewal', ['mode' => 'manual']);
    } catch (PanelError $e) {
        if (!in_array($e->reason, ['NOT_FOUND', 'UNSUPPORTED', 'PRECONDITION'], true)) {
            throw $e;
        }
    }
    return finish('service.postclose', $item);
}

/** Words for BILLmanager's log. What time does not mend waits for a person; the rest BILLmanager repeats by itself. */
function refused(PanelError $e, string $command, int $item, int $operation): string
{
    $message = htmlspecialchars($e->getMessage(), ENT_XML1 | ENT_QUOTES);
    $answer = document("<error type=\"panel\" object=\"$item\"><msg>$message</msg></error>");
    if ($operation === 0) {
        return $answer;
    }
    try {
        billmanager('runningoperation.edit', ['sok' => 'ok', 'elid' => $operation, 'errorxml' => $answer]);
        if (!$e->passes()) {
            billmanager('runningoperation.setmanual', ['elid' => $operation]);
            $task = (string) billmanager('task.gettype', ['operation' => $command])->task_type;
            if ($task !== '') {
                billmanager('task.edit', ['sok' => 'ok', 'item' => $item, 'runningoperation' => $operation, 'type' => $task]);
            }
        }
    } catch (PanelError $again) {
        error_log($again->getMessage());
    }
    return $answer;
}

function document(string $inside = '', string $attributes = ''): string
{
    return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<doc" . ($attributes ? " $attributes" : '') . ">$inside</doc>\n";
}

function finish(string $function, int $item): string
{
    billmanager($function, ['elid' => $item, 'sok' => 'ok']);
    return document();
}

/** Calls a function of BILLmanager. */
function billmanager(string $function, array $parameters): SimpleXMLElement
{
    $words = [getenv('MGRCTL') ?: '/usr/local/mgr5/sbin/mgrctl', '-m', 'billmgr', '-o', 'xml', $function];
    foreach ($parameters as $name => $value) {
        $words[] = "$name=$value";
    }
    $answer = simplexml_load_string((string) shell_exec(implode(' ', array_map('escapeshellarg', $words))));
    if ($answer === false || isset($answer->error)) {
        throw new PanelError("BILLmanager did not do $function: " . ($answer->error->msg ?? 'no answer'), 'UNAVAILABLE');
    }
    return $answer;
}

function service(int $item): SimpleXMLElement
{
    return billmanager('domain.edit', ['elid' => $item]);
}

/** The settings of this module that a service is processed by. */
function settings(SimpleXMLElement $service): SimpleXMLElement
{
    return billmanager('processing.edit', ['elid' => (string) $service->processingmodule]);
}

function panel(SimpleXMLElement $settings): Panel
{
    return new Panel((string) $settings->url, (string) $settings->token, (string) $settings->name ?: 'bill', (string) $settings->language ?: 'ru', clicked: false);
}

function known(Panel $panel, string $domain): array
{
    return $panel->domain($domain) ?? throw new PanelError("the panel does not know $domain", 'NOT_FOUND');
}

/** The name of a domain, if it is ordered for as long as the panel sells. */
function oneYear(SimpleXMLElement $service): string
{
    if ((int) $service->period !== 12) {
        throw new PanelError('the panel sells one year at a time; offer this TLD for 12 months only', 'INVALID');
    }
    return (string) $service->domain;
}

/** @return array{string, array} the kind of a domain contact, and what is known of it by the keys of the panel's forms */
function profile(string $id): array
{
    $p = billmanager('service_profile.edit', ['elid' => $id]);
    $text = static fn (string ...$keys) => trim(implode(' ', array_filter(array_map(static fn ($key) => trim((string) $p->$key), $keys))));
    $address = static fn (string $of) => implode(', ', array_filter([$text("{$of}_postcode"), $text("{$of}_state"), $text("{$of}_city"), $text("{$of}_address")]));
    $flag = (string) ($p->xpath("//slist[@name='location_country']/*[@key='{$p->location_country}']/@image")[0] ?? '');
    $organization = (string) $p->profiletype === '2';
    $known = [
        'name' => $organization ? $text('company_locale') : $text('lastname_locale', 'firstname_locale', 'middlename_locale'),
        'name_latin' => $organization ? $text('company') : $text('firstname', 'middlename', 'lastname'),
        'passport' => array_values(array_filter([$text('passport'), $text('passport_org'), $text('passport_date')])),
        'birth_date' => $text('birthdate'),
        'inn' => $text('inn'),
        'kpp' => $text('kpp'),
        'ogrn' => $text('ogrn'),
        'legal_address' => $address('location'),
        'postal_address' => $address('postal') ?: $address('location'),
        'phones' => array_values(array_filter([$text('phone'), $text('mobile')])),
        'faxes' => $text('fax'),
        'emails' => $text('email'),
        'resident' => $flag === '' ? null : (bool) preg_match('~/ru\.\w+$~i', $flag),
    ];
    return [$organization ? 'organization' : 'person', $known];
}

/** @return list<array{host: string, ips: list<string>}> of "host" or "host/address,address" */
function nameservers(SimpleXMLElement $service): array
{
    $given = array_merge([(string) $service->ns0, (string) $service->ns1, (string) $service->ns2, (string) $service->ns3],
        preg_split('/\s+/', (string) $service->ns_additional));
    $servers = [];
    foreach (array_filter(array_map('trim', $given)) as $one) {
        [$host, $addresses] = explode('/', $one, 2) + [1 => ''];
        $servers[] = ['host' => $host, 'ips' => array_values(array_filter(explode(',', $addresses)))];
    }
    return $servers;
}
