<?php

declare(strict_types=1);

/**
 * A registrar module for WHMCS: modules/registrars/panel/panel.php, with client.php beside it. See README.md.
 */

if (!defined('WHMCS')) {
    exit('This file cannot be accessed directly');
}

require_once __DIR__ . '/client.php';

use WHMCS\Domains\DomainLookup\ResultsList;
use WHMCS\Domains\DomainLookup\SearchResult;

/** How long after a renewal the same one, asked for again, is taken for a repetition. */
const PANEL_SAME_RENEWAL_DAYS = 60;

function panel_MetaData(): array
{
    return ['DisplayName' => 'Panel', 'APIVersion' => '1.1'];
}

function panel_getConfigArray(): array
{
    return [
        'FriendlyName' => ['Type' => 'System', 'Value' => 'Panel'],
        'Url' => ['FriendlyName' => 'Address', 'Type' => 'text', 'Size' => '50', 'Description' => 'https://panel.example:8480'],
        'Token' => ['FriendlyName' => 'Token', 'Type' => 'password', 'Size' => '50', 'Description' => 'panel token add whmcs --rights look,order,money,secrets'],
        'Name' => ['FriendlyName' => 'Name of this WHMCS', 'Type' => 'text', 'Size' => '20', 'Default' => 'whmcs', 'Description' => 'Orders and customers in the panel begin with it. Never change it.'],
        'Language' => ['FriendlyName' => 'Language of errors', 'Type' => 'dropdown', 'Options' => ['en' => 'English', 'ru' => 'Русский'], 'Default' => 'en'],
    ];
}

function panel_RegisterDomain(array $params): array
{
    return panel_attempt('RegisterDomain', $params, static fn (Panel $panel) => panel_acquire($panel, $params, 'register', ['nameservers' => panel_nameservers($params)]));
}

/** The nameservers stay as they are; they can be changed when the transfer is done. */
function panel_TransferDomain(array $params): array
{
    return panel_attempt('TransferDomain', $params, static fn (Panel $panel) => panel_acquire($panel, $params, 'transfer', ['auth_code' => $params['eppcode'] ?? '']));
}

/**
 * The year is sold from the expiry that WHMCS shows, so it names the renewal. Domain syncing moves that date when the
 * renewal is carried out; if its answer was lost, and WHMCS asks for it again afterwards, it is known by the panel's own
 * record: it was ordered lately, it led to this date, and the customer has not paid for more.
 */
function panel_RenewDomain(array $params): array
{
    return panel_attempt('RenewDomain', $params, static function (Panel $panel) use ($params) {
        panel_oneYear($params);
        $sold = panel_whmcs($params);
        $last = $panel->newest(panel_item($params), 'renew');
        if ($last !== null && $last['state'] === 'paid' && $last['outcome'] === 'succeeded'
            && $last['paid_till'] < $sold['expirydate']
            && strtotime($last['paid_till'] . ' +18 months') > strtotime($sold['expirydate'])
            && strtotime($sold['nextduedate']) < strtotime($sold['expirydate'] . ' +6 months')
            && strtotime($last['created_at']) > time() - PANEL_SAME_RENEWAL_DAYS * 86400) {
            return;
        }
        $panel->order(panel_item($params), 'renew-' . $sold['expirydate'],
            ['kind' => 'renew', 'domain' => panel_name($params), 'paid_till' => $sold['expirydate']]);
    });
}

function panel_GetNameservers(array $params): array
{
    return panel_attempt('GetNameservers', $params, static function (Panel $panel) use ($params) {
        $shown = [];
        foreach (panel_known($panel, $params)['nameservers'] as $i => $server) {
            $shown['ns' . ($i + 1)] = implode(' ', [$server['host'], ...$server['ips']]);
        }
        return $shown;
    });
}

function panel_SaveNameservers(array $params): array
{
    return panel_attempt('SaveNameservers', $params, static fn (Panel $panel) => $panel->update(panel_item($params),
        ['domain' => panel_name($params), 'nameservers' => panel_nameservers($params)]));
}

/** The contact as it was given to the registrar, by the words of its form. The panel records each look. */
function panel_GetContactDetails(array $params): array
{
    return panel_attempt('GetContactDetails', $params, static function (Panel $panel) use ($params) {
        [$contact, $labels] = panel_contact($panel, $params);
        $shown = [];
        foreach ($labels as $key => $label) {
            $shown[$label] = $contact[$key] ?? '';
        }
        return ['Registrant' => $shown];
    });
}

/** Orders a change of what differs from the contact that the registrar has. */
function panel_SaveContactDetails(array $params): array
{
    return panel_attempt('SaveContactDetails', $params, static function (Panel $panel) use ($params) {
        [$contact, $labels] = panel_contact($panel, $params);
        $changed = [];
        foreach ($labels as $key => $label) {
            $value = trim(html_entity_decode((string) ($params['contactdetails']['Registrant'][$label] ?? '')));
            if ($value !== ($contact[$key] ?? '') && $value !== '') {
                $changed[$key] = array_map('trim', explode(';', $value));
            }
        }
        if ($changed) {
            $panel->update(panel_item($params), ['domain' => panel_name($params), 'contact' => ['kind' => $contact['kind']] + $changed]);
        }
    });
}

/** @return string|array locked or unlocked, or nothing where the registrar sells no lock */
function panel_GetRegistrarLock(array $params)
{
    $found = panel_attempt('GetRegistrarLock', $params, static fn (Panel $panel) => ['lock' => match (true) {
        !$panel->sells(ltrim($params['tld'], '.'), 'lock') => '',
        panel_known($panel, $params)['locked'] => 'locked',
        default => 'unlocked',
    }]);
    return $found['lock'] ?? $found;
}

function panel_SaveRegistrarLock(array $params): array
{
    return panel_attempt('SaveRegistrarLock', $params, static fn (Panel $panel) => $panel->lock(panel_item($params),
        panel_known($panel, $params), $params['lockenabled'] === 'locked'));
}

/** The code is shown once the registrar has given it out, which may take a person there. */
function panel_GetEPPCode(array $params): array
{
    return panel_attempt('GetEPPCode', $params, static function (Panel $panel) use ($params) {
        $code = $panel->code(panel_item($params), panel_name($params));
        return ['eppcode' => $code ?? throw new PanelError('the transfer code is ordered; ask again when the registrar has given it out', 'PENDING')];
    });
}

function panel_Sync(array $params): array
{
    return panel_attempt('Sync', $params, static function (Panel $panel) use ($params) {
        $domain = panel_known($panel, $params);
        if ($domain['status'] === 'Error') {
            throw new PanelError('it has failed: ' . $domain['reason'], 'FAILED');
        }
        $state = [
            'active' => $domain['status'] === 'Registered',
            'expired' => $domain['status'] === 'Expired',
            'cancelled' => $domain['status'] === 'Deleted',
            'transferredAway' => $domain['status'] === 'TransferredAway',
        ];
        return $state + ($domain['paid_till'] ? ['expirydate' => $domain['paid_till']] : []);
    });
}

function panel_TransferSync(array $params): array
{
    return panel_attempt('TransferSync', $params, static function (Panel $panel) use ($params) {
        $order = $panel->newest(panel_item($params), 'transfer') ?? throw new PanelError('the panel knows no transfer of it', 'NOT_FOUND');
        if ($order['outcome'] === 'failed' || $order['outcome'] === 'cancelled') {
            return ['failed' => true, 'reason' => $order['reason'] ?? ''];
        }
        $done = $order['outcome'] === 'succeeded';
        return ['completed' => $done] + ($done ? ['expirydate' => panel_known($panel, $params)['paid_till']] : []);
    });
}

function panel_CheckAvailability(array $params)
{
    $results = new ResultsList();
    $answer = panel_attempt('CheckAvailability', $params, static function (Panel $panel) use ($params, $results) {
        $sld = $params['punyCodeSearchTerm'] ?: $params['searchTerm'];
        $names = array_map(static fn ($tld) => 'name=' . rawurlencode($sld . $tld), $params['tldsToInclude']);
        foreach ($panel->get('/availability?' . implode('&', $names)) as $i => $found) {
            $result = new SearchResult($params['searchTerm'], $params['tldsToInclude'][$i]);
            $result->setStatus(match ($found['status']) {
                'available' => SearchResult::STATUS_NOT_REGISTERED,
                'taken' => SearchResult::STATUS_REGISTERED,
                'invalid' => SearchResult::STATUS_RESERVED,
                default => SearchResult::STATUS_TLD_NOT_SUPPORTED,
            });
            $results->append($result);
        }
    });
    if (isset($answer['error'])) {
        throw new Exception($answer['error']);
    }
    return $results;
}

/** Does something with the panel and answers as WHMCS wants it, with a line in its module log. */
function panel_attempt(string $action, array $params, callable $do): array
{
    $panel = new Panel($params['Url'], $params['Token'], $params['Name'] ?: 'whmcs', $params['Language'] ?: 'en');
    try {
        $found = $do($panel);
        $answer = is_array($found) && !isset($found['id']) ? $found : ['success' => true]; // an order is not shown
    } catch (PanelError $e) {
        $answer = ['error' => panel_name($params) . ': ' . $e->getMessage()];
    }
    logModuleCall('panel', $action, panel_item($params) . ' ' . panel_name($params), $answer, '', [$params['Token'], $params['eppcode'] ?? '', $answer['eppcode'] ?? '']);
    return $answer;
}

function panel_acquire(Panel $panel, array $params, string $kind, array $more): void
{
    panel_oneYear($params);
    $panel->order(panel_item($params), $kind, [
        'kind' => $kind,
        'domain' => panel_name($params),
        'customer' => ($params['Name'] ?: 'whmcs') . '-' . $params['userid'],
        'contact' => $panel->contact(ltrim($params['tld'], '.'), $kind, $params['companyname'] ? 'organization' : 'person', panel_client($params)),
    ] + $more);
}

/** What WHMCS knows of a client, by the keys of the panel's forms; additional fields of those names come first. */
function panel_client(array $params): array
{
    $text = static fn (string $key) => html_entity_decode((string) ($params[$key] ?? ''), ENT_QUOTES); // WHMCS keeps &amp;
    $address = array_filter([$text('postcode'), $text('city'), $text('fullstate'), $text('address1'), $text('address2')]);
    $added = array_map(static fn ($value) => html_entity_decode((string) $value, ENT_QUOTES), $params['additionalfields'] ?? []);
    $name = $text('companyname') ?: trim($text('firstname') . ' ' . $text('lastname'));
    return array_filter($added, static fn ($value) => $value !== '') + [
        'name' => $name,
        'name_latin' => $name,
        'emails' => [$text('email')],
        'phones' => [$text('fullphonenumber')],
        'postal_address' => [implode(', ', $address)],
        'resident' => $text('countrycode') === 'RU',
    ];
}

/** The contact of a domain, a line for each field, and the labels of what may be changed. */
function panel_contact(Panel $panel, array $params): array
{
    $contact = $panel->givenContact(panel_name($params));
    if (!$contact) {
        throw new PanelError('the panel has no contact data of it', 'NOT_FOUND');
    }
    $form = $panel->get('/form/' . rawurlencode(ltrim($params['tld'], '.')), ['kind' => 'update', 'registrant' => $contact['kind']]);
    $labels = [];
    foreach ($form['fields'] as $field) {
        if ($field['type'] !== 'yesno') {
            $labels[$field['key']] = $field['label'][$params['Language'] ?: 'en'] ?? $field['key'];
        }
    }
    return [array_map(static fn ($value) => is_array($value) ? implode('; ', $value) : (string) $value, $contact), $labels];
}

function panel_known(Panel $panel, array $params): array
{
    return $panel->domain(panel_name($params)) ?? throw new PanelError('the panel does not know it', 'NOT_FOUND');
}

/** What WHMCS itself says of the domain: till when it is registered, and paid. */
function panel_whmcs(array $params): array
{
    $found = localAPI('GetClientsDomains', ['domainid' => $params['domainid']])['domains']['domain'][0] ?? [];
    if (!preg_match('/^[12]\d{3}-\d\d-\d\d$/', $found['expirydate'] ?? '')) {
        throw new PanelError('WHMCS does not know till when it is registered: let domain syncing find it out first', 'INVALID');
    }
    return $found;
}

function panel_oneYear(array $params): void
{
    if ((int) $params['regperiod'] !== 1) {
        throw new PanelError('the panel sells one year at a time; offer this TLD for 1 year only', 'INVALID');
    }
}

/** @return list<array{host: string, ips: list<string>}> of "host", or "host address" where it lies in the domain */
function panel_nameservers(array $params): array
{
    $servers = [];
    foreach (['ns1', 'ns2', 'ns3', 'ns4', 'ns5'] as $key) {
        $words = preg_split('/[\s,]+/', trim($params[$key] ?? ''), -1, PREG_SPLIT_NO_EMPTY);
        if ($words) {
            $servers[] = ['host' => array_shift($words), 'ips' => $words];
        }
    }
    return $servers;
}

function panel_item(array $params): string
{
    return 'd' . ($params['domainid'] ?? '');
}

function panel_name(array $params): string
{
    return isset($params['sld']) ? $params['sld'] . '.' . ltrim($params['tld'], '.') : (string) ($params['searchTerm'] ?? '');
}
